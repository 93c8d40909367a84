import { takeKeyboard, terminalColumns, terminalRows, type Keyboard } from '../../sys/dialer.ts';
import { monotonicMs } from '../clock.ts';
import { isUtf8 } from '../print/locale.ts';
import { printable } from '../print/printable.ts';
import { EXIT, type Invocation } from '../verb.ts';
import { Feed, type News } from './feed.ts';
import { chosen, isUp } from './filter.ts';
import { bodyHeight, listPage, type Look, type Scene } from './frame.ts';
import { helpPage } from './help-page.ts';
import { KeyReader, type Key } from './keys.ts';
import { placedIn, type Placed } from './layout.ts';
import { Painter } from './painter.ts';
import { Rates } from './rates.ts';
import type { TopRow } from './row.ts';
import { sorted } from './sort.ts';
import { unitPage } from './unit-page.ts';
import { press, scrolled, type View } from './view.ts';

const INPUT = 0;
const OUTPUT = 1;

/** By these a person or the system ends it; the exit code is that of a shell. */
const ENDING = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** A terminal that does not say how large it is has had this size since the VT100. */
const COLUMNS = 80;
const ROWS = 24;

/** An ESC behind which nothing comes within this time was the key. */
const ESCAPE_MS = 50;

/** While something is wrong it is said anew so often. */
const TROUBLE_MS = 500;

/** The live view of `archonctl top`, from what was seen first to its end. */
export class LiveTop {
  readonly #invocation: Invocation;
  readonly #everyMs: number;
  readonly #painter: Painter;
  readonly #keys = new KeyReader();
  readonly #rates = new Rates();
  readonly #giveUp = new AbortController();
  readonly #feed: Feed;
  #view: View;
  #news: News;
  #rows: readonly TopRow[] = [];
  #keyboard: Keyboard | undefined;
  #escape: NodeJS.Timeout | undefined;
  #wake: () => void = () => undefined;
  #code: number | undefined;
  /** It is not waited any longer with the next question. */
  #isDue = false;
  /** What `#rows` were chosen from, and by what. */
  #chosenBy: readonly unknown[] = [];

  /** @param first what was seen first, so that the screen is never empty */
  constructor(invocation: Invocation, everyMs: number, view: View, first: News) {
    this.#invocation = invocation;
    this.#everyMs = everyMs;
    this.#view = view;
    this.#painter = new Painter((text) => {
      invocation.screen.out(text);
    });
    this.#feed = new Feed(invocation, this.#giveUp.signal);
    this.#news = { ...first, rows: this.#rates.after(first.rows) };
  }

  /** Shows it until somebody has seen enough; resolves with the exit code. */
  async run(): Promise<number> {
    for (const signal of ENDS) process.on(signal, this.#endBy);
    process.on('SIGTSTP', this.#stop);
    process.on('SIGCONT', this.#continue);
    process.on('SIGWINCH', this.#redraw);
    process.on('exit', this.#restore);
    const trouble = setInterval(() => {
      if (this.#feed.trouble !== undefined) this.#paint();
    }, TROUBLE_MS);
    try {
      this.#enter();
      this.#choose();
      this.#paint();
      await this.#follow();
    } finally {
      clearInterval(trouble);
      clearTimeout(this.#escape);
      this.#giveUp.abort();
      this.#restore();
      for (const signal of ENDS) process.off(signal, this.#endBy);
      process.off('SIGTSTP', this.#stop);
      process.off('SIGCONT', this.#continue);
      process.off('SIGWINCH', this.#redraw);
      process.off('exit', this.#restore);
    }
    return this.#code ?? EXIT.done;
  }

  /** Asks, and shows what came, again and again. */
  async #follow(): Promise<void> {
    let nextAtMs = monotonicMs() + this.#everyMs;
    /* The page of one unit has no history yet when it is the first. */
    if (this.#view.page === 'unit') this.#hurry();
    for (;;) {
      await this.#pause(nextAtMs - monotonicMs());
      if (this.#giveUp.signal.aborted) return;
      nextAtMs = monotonicMs() + this.#everyMs;
      const { page, selected } = this.#view;
      const news = await this.#feed.ask(page === 'unit' ? selected : undefined);
      if (news !== undefined) this.#news = { ...news, rows: this.#rates.after(news.rows) };
      this.#choose();
      this.#paint();
    }
  }

  /** Until it is time again, or somebody does not want to wait for that. */
  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    if (!this.#isDue && ms > 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, ms);
      });
    clearTimeout(timer);
    this.#isDue = false;
  }

  readonly #hurry = (): void => {
    this.#isDue = true;
    this.#wake();
  };

  /** A program in the background is stopped here, before it has written to the terminal. */
  #enter(): void {
    this.#keyboard?.leave();
    const taken = takeKeyboard(INPUT, this.#hear, () => {
      this.#end(128 + ENDING.SIGHUP);
    });
    /* Without keys it shows what there is all the same, until a signal ends it. */
    this.#keyboard = taken.ok ? taken.value : undefined;
    if (this.#painter.isEntered) this.#painter.forget();
    else this.#painter.enter();
  }

  /** The terminal is as it was before. */
  readonly #restore = (): void => {
    this.#keyboard?.leave();
    this.#keyboard = undefined;
    this.#painter.leave();
  };

  #end(code: number): void {
    this.#code ??= code;
    this.#giveUp.abort();
    this.#hurry();
  }

  readonly #endBy = (signal: NodeJS.Signals): void => {
    this.#end(128 + ENDING[signal as keyof typeof ENDING]);
  };

  /** As every program is stopped, the terminal given back first; then as after `fg`. */
  readonly #stop = (): void => {
    this.#restore();
    process.off('SIGTSTP', this.#stop);
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', this.#stop);
    /* Here again it has been continued; or it could not be stopped, since nobody would continue it. */
    this.#continue();
  };

  /** A signal that came with the one to continue, and ends it, goes first. */
  readonly #continue = (): void => {
    setImmediate(() => {
      if (this.#code !== undefined) return;
      this.#enter();
      this.#redraw();
    });
  };

  readonly #redraw = (): void => {
    this.#painter.forget();
    this.#choose();
    this.#paint();
  };

  readonly #hear = (bytes: Uint8Array): void => {
    clearTimeout(this.#escape);
    this.#pressAll(this.#keys.take(bytes));
    if (this.#keys.isWaiting)
      this.#escape = setTimeout(() => {
        this.#pressAll(this.#keys.flush());
      }, ESCAPE_MS);
  };

  #pressAll(keys: readonly Key[]): void {
    for (const key of keys) {
      const { height, orders } = this.#room();
      const labels = this.#rows.map(({ label }) => label);
      const { view, does } = press(this.#view, key, { labels, height, orders });
      this.#view = view;
      if (does === 'quit') this.#end(EXIT.done);
      if (does === 'ask') this.#hurry();
      if (does === 'redraw') this.#painter.forget();
      this.#choose();
    }
    if (this.#code === undefined) this.#paint();
  }

  /** The rows that are to be seen, in their order. */
  #choose(): void {
    const { rows } = this.#news;
    const { filter, isDownHidden, sort, isReversed } = this.#view;
    const by = [rows, filter, isDownHidden, sort, isReversed];
    if (by.some((one, at) => one !== this.#chosenBy[at])) {
      const up = isDownHidden ? rows.filter(isUp) : rows;
      this.#rows = sorted(chosen(up, filter), sort, isReversed);
      this.#chosenBy = by;
    }
    this.#view = scrolled(
      this.#view,
      this.#rows.map(({ label }) => label),
      bodyHeight(this.#look().rows),
    );
  }

  #look(): Look {
    const { screen, caller } = this.#invocation;
    return {
      columns: terminalColumns(OUTPUT) ?? COLUMNS,
      rows: terminalRows(OUTPUT) ?? ROWS,
      isColoured: screen.isColoured(),
      isUtf8: isUtf8(caller.env),
    };
  }

  #room(): Room {
    const look = this.#look();
    const longest = this.#rows.reduce((most, { label }) => Math.max(most, label.length), 0);
    const placed = placedIn(look.columns, 'live', this.#view.sort, longest);
    return {
      look,
      placed,
      height: bodyHeight(look.rows),
      orders: placed.flatMap(({ column }) => column.sort ?? []),
    };
  }

  #paint(): void {
    if (!this.#painter.isEntered) return;
    const { look, placed } = this.#room();
    const scene = this.#scene();
    const { page, selected } = this.#view;
    const unit = page === 'unit' ? selected : undefined;
    if (page === 'help') this.#painter.paint(helpPage(look));
    else if (unit !== undefined) this.#painter.paint(unitPage(scene, unit, this.#news.past, look));
    else this.#painter.paint(listPage(scene, this.#view, placed, look));
  }

  #scene(): Scene {
    const { words } = this.#invocation;
    const now = new Date();
    const two = (number: number): string => String(number).padStart(2, '0');
    const clock = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
    return {
      title: `archon at ${this.#feed.socket}${words.length === 0 ? '' : `: ${words.map(printable).join(' ')}`}`,
      clock,
      nowMs: now.getTime(),
      all: this.#news.rows,
      rows: this.#rows,
      trouble: this.#feed.trouble,
    };
  }
}

const ENDS = Object.keys(ENDING) as readonly (keyof typeof ENDING)[];

interface Room {
  readonly look: Look;
  readonly placed: readonly Placed[];
  readonly height: number;
  readonly orders: readonly NonNullable<Placed['column']['sort']>[];
}
