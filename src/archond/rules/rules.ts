import type { EventRecord } from '../../base/event-record.ts';
import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Ask, Origin, Trouble } from '../../rules/ask.ts';
import type { FileText, ToHost } from '../../rules/messages.ts';
import { Offering } from '../../rules/offering.ts';
import { RuleIndex } from '../../rules/rule-index.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { Cancel } from '../../sys/sys.ts';
import type { House } from '../house.ts';
import { act, causeOf, type Told } from './acts.ts';
import { Deaths } from './deaths.ts';
import { Feed } from './feed.ts';
import { isSame, readFolder } from './folder.ts';
import { PortQuestions, type PortJudge, type PortQuestion } from './port-questions.ts';
import { Programs, type SeenProgram } from './programs.ts';
import { RuleTable, type RuleRow } from './rule-table.ts';
import { RuleWorker } from './rule-worker.ts';
import { SeenUnits } from './seen-units.ts';
import { tellTrouble } from './tell-trouble.ts';
import { Watching } from './watching.ts';

/** After a long absence the oldest are not offered any more. */
const MOST_LATE = 10_000;
/** A worker that has died is followed by another after so long. */
const AGAIN_MS = 500;
/** What no rule was interested in is written off that often at most. */
const CURSOR_EVERY_MS = 5000;

/** The journal's words for how far events have been offered. */
const CURSOR = ['cursor', 'rules'] as const;

/** Answers `ReloadRules`: the rules, or why they cannot be had. */
type Reloaded = (rows: Result<readonly RuleRow[], Failure>) => void;

/**
 * The rules at work (docs/rules.org): offers them what has happened, each event at most once over all deaths, and has done
 * what they ask for. They run in a worker, so that nothing they do holds up anybody else.
 */
export class Rules implements PortJudge {
  readonly #program: string;
  #house: House | undefined;
  #worker: RuleWorker | undefined;
  #feed: Feed | undefined;
  readonly #offering = new Offering();
  #units: SeenUnits | undefined;
  readonly #index = new RuleIndex();
  readonly #table = new RuleTable();
  readonly #timers = new Map<number, Cancel>();
  /** What was loaded last, by name. */
  readonly #texts = new Map<string, Uint8Array>();
  readonly #deaths = new Deaths();
  readonly #reloading: Reloaded[] = [];
  #isDue = false;
  #isOver = false;
  #written = { sequence: 0, atMs: -Infinity };
  #lastBefore = 0;
  #ports: PortQuestions | undefined;
  #watching: Watching | undefined;
  #programs: Programs | undefined;
  /** The last event of the batch that is being offered. */
  #offeredUpTo = 0;
  /** Events up to this one were offered, or need not be; undefined: up to now. */
  #offeredBefore: number | undefined;

  /** @param program the worker's */
  constructor(program: string) {
    this.#program = program;
  }

  /** Whether events are to be told here. */
  get isHeard(): boolean {
    return this.#feed !== undefined;
  }

  /** The rules that there are, for people. */
  rows(): readonly RuleRow[] {
    return this.#table.rows();
  }

  /**
   * Loads what the folder has, and goes on offering where the archond before this one left off.
   *
   * @param lastBefore the number of the last event that happened before this archond was there
   */
  begin(house: House, lastBefore: number): void {
    this.#house = house;
    this.#lastBefore = lastBefore;
    const { chronicle, settings, log } = house;
    this.#ports = new PortQuestions(house.sys, chronicle);
    this.#watching = new Watching(house);
    if (!settings.isSafe) this.#load(house);
    else log.warn('safe mode: no rules are loaded');
    const before = chronicle.remembered(...CURSOR);
    const { journal, sequence } = (before ?? {}) as {
      readonly journal?: unknown;
      readonly sequence?: unknown;
    };
    const isOurs = journal === chronicle.journal.journalId && typeof sequence === 'number';
    if (this.#worker !== undefined)
      this.#offeredBefore = isOurs ? Math.min(sequence, lastBefore) : lastBefore;
    /* What happens while there are no rules is none's to hear of later. */
    else if (before !== undefined) chronicle.journal.forget(...CURSOR);
  }

  /** Reads the folder again: what has changed is loaded, what is gone is dropped, the rest goes on undisturbed. */
  reload(done: Reloaded): void {
    const house = this.#house;
    if (house === undefined || house.settings.isSafe) {
      done(err(failure('unsupported', 'no rules are loaded in safe mode')));
      return;
    }
    this.#deaths.forgive();
    this.#reloading.push(done);
    this.#load(house);
  }

  hasRuleFor(label: string): boolean {
    return this.#worker !== undefined && this.#index.rulesFor('port', label).length > 0;
  }

  ask(question: PortQuestion, done: (isGranted: boolean) => void): void {
    if (this.#ports === undefined) done(false);
    else this.#ports.ask(question, done);
  }

  /** Takes events that have been written; they are offered when the turn is over. */
  publish(events: readonly EventRecord[]): void {
    for (const event of events) {
      this.#units?.changed(event.label);
      this.#programs?.see(event);
    }
    this.#feed?.take(events);
    this.#soon();
  }

  /** Nothing more is offered, and nothing more is done. */
  close(): void {
    this.#isOver = true;
    this.#worker?.end();
    this.#watching?.close();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #load(house: House): void {
    const { files, unreadable } = readFolder(house.sys, house.settings.rulesDir);
    for (const { name, why } of unreadable) this.#unreadable(house, name, why);
    const named = new Set([...files.map(({ name }) => name), ...unreadable.map(({ name }) => name)]);
    const gone = [...this.#texts.keys()].filter((name) => !named.has(name));
    const changed = files.filter(({ name, text }) => this.#isToLoad(name, text));
    for (const { name, text } of files) this.#texts.set(name, text);
    for (const name of gone) {
      this.#texts.delete(name);
      this.#index.drop(name);
      this.#table.drop(name);
    }
    if (this.#worker !== undefined) this.#worker.post({ kind: 'load', files: changed, gone });
    else if (this.#texts.size > 0) this.#start(house);
    else this.#answer();
  }

  #isToLoad(name: string, text: Uint8Array): boolean {
    const before = this.#texts.get(name);
    return before === undefined || !isSame(before, text) || this.#table.isSuspended(name);
  }

  #unreadable({ log, settings }: House, name: string, why: string): void {
    const path = name === '' ? settings.rulesDir : `${settings.rulesDir}/${name}`;
    log.error('rules cannot be read', { file: path, error: why });
    if (name !== '' && !this.#texts.has(name)) this.#table.drop(name, `it cannot be read: ${why}`);
  }

  /** Starts the worker with all files. */
  #start(house: House): void {
    if (this.#isOver) return;
    const files: FileText[] = [...this.#texts]
      .filter(([name]) => !this.#deaths.isLeftOut(name))
      .map(([name, text]) => ({ name, text }));
    if (files.length === 0) {
      this.#answer();
      return;
    }
    this.#worker = new RuleWorker(house.sys, this.#program, {
      asks: (asks) => {
        for (const ask of asks) this.#take(house, ask);
        house.chronicle.flush();
      },
      done: (kind) => {
        if (kind === 'load') this.#loaded(house);
        if (kind === 'offer') this.#ports?.through(this.#offeredUpTo);
        this.#soon();
      },
      died: (why, rule) => {
        this.#died(house, why, rule);
      },
    });
    this.#units ??= new SeenUnits(house.supervisor);
    this.#worker.post({ kind: 'units', units: this.#units.all() });
    this.#worker.post({ kind: 'load', files, gone: [] });
  }

  #loaded(house: House): void {
    if (this.#index.asksProcess) (this.#programs ??= new Programs(house.sys)).lookAround(house.supervisor);
    this.#feed ??= this.#makeFeed(house);
    house.log.info('rules are loaded', { rules: this.#table.rows().filter(({ line }) => line > 0).length });
    this.#answer();
  }

  #answer(): void {
    for (const done of this.#reloading.splice(0)) done(ok(this.#table.rows()));
  }

  #makeFeed({ chronicle, supervisor }: House): Feed {
    const { journal } = chronicle;
    for (const [label, { shownState }] of supervisor.records) this.#offering.begin(label, shownState);
    const after = Math.max(this.#offeredBefore ?? journal.lastSequence, this.#lastBefore - MOST_LATE);
    const programOf = (label: string): SeenProgram => this.#programs?.of(label) ?? {};
    return new Feed(
      { journal, index: this.#index, offering: this.#offering, programOf },
      after,
      this.#lastBefore,
    );
  }

  /** Offers what there is, when the turn is over. */
  #soon(): void {
    const house = this.#house;
    if (this.#isDue || this.#isOver || house === undefined || this.#feed === undefined) return;
    if (!this.#feed.hasMore && this.#feed.seen === this.#written.sequence) return;
    this.#isDue = true;
    house.sys.timers.at(house.sys.clock.monotonicMs(), () => {
      this.#isDue = false;
      this.#offer(house, this.#feed);
    });
  }

  #offer(house: House, feed: Feed | undefined): void {
    const worker = this.#worker;
    if (worker === undefined || feed === undefined || worker.unanswered > 0 || this.#isOver) return;
    const { offers, upTo } = feed.next();
    if (offers.length > 0) {
      /* Before they are offered: whoever comes after this archond offers the rest, and these never again. */
      this.#write(house, upTo);
      this.#offeredUpTo = upTo;
      this.#post({ kind: 'offer', offers, units: this.#units?.take() ?? [] });
    } else {
      const nowMs = house.sys.clock.monotonicMs();
      if (nowMs - this.#written.atMs >= CURSOR_EVERY_MS) this.#write(house, upTo);
      if (feed.hasMore) this.#soon();
    }
  }

  #write({ chronicle, sys }: House, sequence: number): void {
    const { journal } = chronicle;
    this.#written = { sequence, atMs: sys.clock.monotonicMs() };
    journal.remember(...CURSOR, { journal: journal.journalId, sequence });
    journal.flush();
  }

  #post(message: ToHost): void {
    this.#worker?.post(message);
  }

  #take(house: House, ask: Ask): void {
    if (this.#isOver) return;
    switch (ask.kind) {
      case 'act':
        if (ask.action.kind === 'port' && this.#ports?.grant(ask.origin.sequence, ask.action.name) === true)
          return;
        act(house, ask.origin, ask.action, this.#toldOf(house, ask.origin));
        return;
      case 'fired':
        this.#table.fired(ask.rule);
        return;
      case 'trouble':
        this.#trouble(house, ask.trouble, ask.rule);
        return;
      case 'timer':
        this.#setTimer(house, ask);
        return;
      case 'watch': {
        const origin = { file: ask.file, rule: '', sequence: undefined, label: '', depth: 0 };
        this.#watching?.found(ask.name, ask.pid, causeOf(origin));
        return;
      }
      case 'cancel':
        this.#timers.get(ask.id)?.();
        this.#timers.delete(ask.id);
        return;
      case 'file': {
        const { file } = ask;
        this.#index.put(file);
        this.#table.put(file);
        this.#look();
        if (file.fault === undefined) return;
        const { message, line } = file.fault;
        const origin = { file: file.name, rule: '', sequence: undefined, label: '', depth: 0 };
        const what = 'refused';
        this.#trouble(house, { file: file.name, rule: '', line, what, message, origin }, undefined);
      }
    }
  }

  /** Has processes looked for, where a file wants some watched. */
  #look(): void {
    this.#watching?.look(
      () => this.#index.files().some(({ watches }) => watches.length > 0),
      () => {
        this.#post({ kind: 'scan', units: [] });
      },
    );
  }

  #toldOf(house: House, origin: Origin): Told {
    return {
      refused: (why) => {
        const { file, rule } = origin;
        const trouble = {
          file,
          rule,
          line: undefined,
          what: 'refused',
          message: why.message,
          origin,
        } as const;
        this.#trouble(house, trouble, undefined);
        house.chronicle.flush();
      },
      ended: (waiter, end) => {
        this.#post({ kind: 'ended', waiter, end, units: this.#units?.take() ?? [] });
      },
    };
  }

  #setTimer(house: House, { id, ms, repeats }: Extract<Ask, { readonly kind: 'timer' }>): void {
    const { timers, clock } = house.sys;
    const atMs = clock.monotonicMs() + ms;
    this.#timers.set(
      id,
      timers.at(atMs, () => {
        this.#timers.delete(id);
        if (repeats) this.#setTimer(house, { kind: 'timer', id, ms, repeats });
        this.#post({ kind: 'fire', timer: id, units: this.#units?.take() ?? [] });
      }),
    );
  }

  #trouble(house: House, trouble: Trouble, rule: number | undefined): void {
    this.#table.trouble(rule, trouble);
    tellTrouble(house, trouble);
  }

  /** What was offered to it is not offered again. */
  #died(house: House, why: string, rule: number): void {
    const { sys, chronicle } = house;
    this.#worker = undefined;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    const row = this.#table.row(rule);
    const { file = '', name = '', line } = row ?? {};
    const nowMs = sys.clock.monotonicMs();
    this.#deaths.add(row?.file, nowMs);
    const { isGivenUp } = this.#deaths;
    const isLeftOut = this.#deaths.isLeftOut(file);
    const origin = { file, rule: name, sequence: undefined, label: '', depth: 0 };
    const trouble = { file, rule: name, line, what: 'failed', origin } as const;
    const message = `the rules ended while it was called: ${fieldOfText(why)}`;
    this.#trouble(house, { ...trouble, message }, rule);
    if (isLeftOut || isGivenUp) {
      const what = isGivenUp ? 'no rule is called any more' : 'the file is left out';
      const whole = `${what} until the rules are loaded again`;
      this.#trouble(house, { ...trouble, what: 'suspended', message: whole }, rule);
      if (isLeftOut) {
        this.#index.drop(file);
        this.#table.drop(file, message);
      }
    }
    chronicle.flush();
    this.#answer();
    if (!isGivenUp)
      sys.timers.at(nowMs + AGAIN_MS, () => {
        if (this.#worker === undefined) this.#start(house);
      });
  }
}
