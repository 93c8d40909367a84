import { ERRORS } from '../../base/errors.ts';
import type { Fields } from '../../protocol/record.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { monotonicMs } from '../clock.ts';
import { reasonOf } from '../consult.ts';
import type { Closing, Conversation } from '../conversation.ts';
import { pauseAfterHangUp, reach } from '../reach.ts';
import { EXIT, type Invocation } from '../verb.ts';

/** How long the supervisor's return is waited for. */
const RETURN_MS = 10_000;

/** More lines than these wait for their turn in no source: then it is not read further. */
const MOST_WAITING = 2000;

/** A line of a log; the time is empty where it is not known. */
export interface LogLine {
  readonly label: string;
  readonly time: string;
  readonly text: string;
}

/** What is asked of one log. */
export interface LogWish {
  readonly label: string;
  /** Whether it was named, and not found by a glob, which passes over units without a log. */
  readonly isNamed: boolean;
  /** Options of the first request. */
  readonly options: readonly string[];
  readonly isFollowed: boolean;
  /** Whether a line is wanted. */
  readonly accepts: (line: LogLine) => boolean;
  /** Of what has been only the last so many that are wanted. */
  readonly lastLines: number | undefined;
}

/** The lines of one log in their order, over deaths of the supervisor, without missing or doubling one. */
export class LogSource {
  readonly #invocation: Invocation;
  readonly #wish: LogWish;
  readonly #changed: () => void;
  readonly #giveUp: AbortSignal | undefined;
  #conversation: Conversation | undefined;
  #waiting: LogLine[] = [];
  #next = 0;
  #isPaused = false;
  /** The last lines so far, where only those are wanted. */
  #last: LogLine[] = [];
  /** The time of the last line that came, and how many lines came with it, or in all. */
  #time = '';
  #count = 0;
  /** Whether the present connection has brought anything. */
  #wasHeard = false;
  #text = '';
  /** Whether lines of that time may have come before the first that was asked for. */
  #isPartial: boolean;
  /** Lines of that time that have come again, where it is not known which of them are new. */
  #again: LogLine[] | undefined;
  /** How many lines of a repeated request are known. */
  #known = 0;
  /** What has been has come, or comes no more. */
  hasCaughtUp = false;

  /** @param changed called when there is more, or what has been has come */
  constructor(invocation: Invocation, wish: LogWish, changed: () => void, giveUp?: AbortSignal) {
    this.#invocation = invocation;
    this.#wish = wish;
    this.#changed = changed;
    this.#giveUp = giveUp;
    this.#isPartial = wish.options.some((option) => option.startsWith('@lines='));
  }

  /** The next line, which stays until it is taken. */
  get head(): LogLine | undefined {
    return this.#waiting[this.#next];
  }

  take(): void {
    this.#next += 1;
    if (this.#next < MOST_WAITING && this.#next < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
    if (this.#isPaused && this.#waiting.length < MOST_WAITING / 2) {
      this.#isPaused = false;
      this.#conversation?.resume();
    }
  }

  /** Reads to the end; resolves with the exit code. */
  async run(): Promise<number> {
    const code = await this.#run();
    this.#caughtUp();
    return code;
  }

  async #run(): Promise<number> {
    const { globals, caller, screen } = this.#invocation;
    const socket = socketPath(globals.socket, caller.uid, caller.env);
    let goneSinceMs: number | undefined;
    for (;;) {
      const leftMs = goneSinceMs === undefined ? undefined : goneSinceMs + RETURN_MS - monotonicMs();
      const patience = leftMs === undefined ? {} : { refusedMs: leftMs, absentMs: leftMs };
      const giveUp = this.#giveUp === undefined ? {} : { giveUp: this.#giveUp };
      const reached = await reach(socket, { ...patience, ...giveUp });
      if (this.#giveUp?.aborted === true) return EXIT.failed;
      if (!reached.ok) {
        screen.complain(reached.error);
        return EXIT.unreachable;
      }
      const code = await this.#read(reached.value);
      reached.value.close();
      if (code !== undefined) return code;
      if (this.#wasHeard) goneSinceMs = undefined;
      goneSinceMs ??= monotonicMs();
      /* One that hangs up before it has said a word is not asked again at once; any other is listened for. */
      if (!this.#wasHeard) await pauseAfterHangUp(this.#giveUp);
    }
  }

  /** One connection, to its end; the exit code where that is the end of all. */
  async #read(conversation: Conversation): Promise<number | undefined> {
    this.#conversation = conversation;
    this.#isPaused = false;
    this.#wasHeard = false;
    const hangUp = (): void => {
      conversation.close();
    };
    this.#giveUp?.addEventListener('abort', hangUp);
    try {
      const fields: Fields = ['Log', this.#wish.label, ...this.#options()];
      const take = ({ name, fields: [time = '', text = ''] }: Data): void => {
        if (name === 'Line') this.#line({ label: this.#wish.label, time, text });
      };
      if (!this.#wish.isFollowed) {
        return this.#closed(
          await conversation.ask(fields, (reply) => {
            if (reply.kind === 'data') take(reply);
          }),
          EXIT.done,
        );
      }
      const stream = conversation.follow(fields, (reply) => {
        if (reply.kind === 'data') take(reply);
      });
      const opened = await stream.opened;
      this.#wasHeard ||= opened.kind !== 'lost';
      const code = this.#closed(opened, undefined);
      if (code !== undefined) return code;
      this.#caughtUp();
      return (await stream.ended) === 'shutting-down' ? EXIT.done : undefined;
    } finally {
      this.#giveUp?.removeEventListener('abort', hangUp);
      this.#conversation = undefined;
    }
  }

  #closed(closing: Closing | { readonly kind: 'lost' }, done: number | undefined): number | undefined {
    if (closing.kind !== 'error') return closing.kind === 'lost' ? undefined : done;
    if (closing.failure.code === 'unsupported' && !this.#wish.isNamed) return EXIT.done;
    this.#invocation.screen.complain(reasonOf(closing.failure));
    return ERRORS[closing.failure.code].exitCode;
  }

  /** Of what had come before, the lines of the last instant come again; where times are not known, all do. */
  #options(): readonly string[] {
    const { options, isFollowed } = this.#wish;
    const follow = isFollowed ? ['@follow=1'] : [];
    this.#known = this.#count;
    if (this.#time === '') return [...options, ...follow];
    if (this.#isPartial) this.#again = [];
    return [`@since=${this.#time}`, ...follow];
  }

  #line(line: LogLine): void {
    this.#wasHeard = true;
    if (this.#again !== undefined && line.time === this.#time) {
      this.#again.push(line);
      return;
    }
    this.#settleAgain();
    if (this.#known > 0 && line.time === this.#time) {
      this.#known -= 1;
      return;
    }
    this.#known = 0;
    if (line.time !== this.#time) {
      this.#isPartial &&= this.#time === '';
      this.#count = 0;
    }
    this.#count += 1;
    this.#time = line.time;
    this.#text = line.text;
    if (!this.#wish.accepts(line)) return;
    const { lastLines } = this.#wish;
    if (lastLines !== undefined && !this.hasCaughtUp) {
      this.#last.push(line);
      if (this.#last.length >= 2 * lastLines) this.#last = this.#last.slice(this.#last.length - lastLines);
      return;
    }
    this.#waiting.push(line);
    if (this.#waiting.length - this.#next >= MOST_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#conversation?.pause();
    }
    this.#changed();
  }

  /** Of lines of one time only the last is known for sure: what follows it is new. */
  #settleAgain(): void {
    const again = this.#again;
    if (again === undefined) return;
    this.#again = undefined;
    this.#known = 0;
    const last = again.findLastIndex(({ text }) => text === this.#text);
    for (const line of again.slice(last + 1)) this.#line(line);
  }

  #caughtUp(): void {
    this.#settleAgain();
    if (!this.hasCaughtUp) {
      this.hasCaughtUp = true;
      const { lastLines = 0 } = this.#wish;
      this.#waiting.push(...this.#last.slice(Math.max(0, this.#last.length - lastLines)));
      this.#last = [];
    }
    this.#changed();
  }
}

interface Data {
  readonly name: string;
  readonly fields: readonly string[];
}
