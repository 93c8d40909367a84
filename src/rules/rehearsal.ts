import type { EventRecord } from '../base/event-record.ts';
import { actionLine, type Action, type Ask, type LoadedFile, type Origin, type Trouble } from './ask.ts';
import type { SeenProcess, SeenUnit } from './event.ts';
import { RuleHost, type CommandEnd } from './host.ts';
import type { FileText } from './messages.ts';
import { Offering } from './offering.ts';
import { RuleIndex } from './rule-index.ts';

/** Something that a rule would have done, and when. */
export interface Deed {
  /** Unix seconds. */
  readonly atS: number;
  readonly origin: Origin;
  readonly action: Action;
  /** The action in a line. */
  readonly line: string;
}

/** What a rehearsal goes by. */
export interface RehearsalOptions {
  /** Of the meter: see `MeterClocks`. */
  readonly wallMs: () => number;
  readonly cpuMs: () => number;
  readonly process?: (pid: number) => SeenProcess | undefined;
  /** How a command ends that a rule waits for; undefined: nobody knows, and the rule is not told. */
  readonly endOf?: (command: string) => CommandEnd | undefined;
}

interface Timer {
  readonly id: number;
  readonly dueS: number;
  readonly everyS: number | undefined;
}

/** Rules without consequences: what they would do is written down, and time is that of the events. */
export class Rehearsal {
  readonly host: RuleHost;
  readonly deeds: Deed[] = [];
  readonly troubles: Trouble[] = [];
  readonly #options: RehearsalOptions;
  readonly #index = new RuleIndex();
  readonly #offering = new Offering();
  readonly #timers = new Map<number, Timer>();
  #ended: { readonly waiter: number; readonly end: CommandEnd }[] = [];
  #nowS: number;

  /** @param nowS when it begins; Unix seconds */
  constructor(options: RehearsalOptions, nowS: number) {
    this.#options = options;
    this.#nowS = nowS;
    this.host = new RuleHost({
      ask: (ask) => {
        this.#take(ask);
      },
      wallMs: options.wallMs,
      cpuMs: options.cpuMs,
      nowS: () => this.#nowS,
      process: options.process ?? (() => undefined),
    });
  }

  load({ name, text }: FileText): LoadedFile {
    return this.host.load(name, text);
  }

  /** How units are at the beginning. */
  begin(units: readonly SeenUnit[]): void {
    this.host.learn(units);
    for (const { label, state } of units) if (state !== undefined) this.#offering.begin(label, state);
  }

  /** The event happens at its time, before which all timers are due that are. */
  happen(event: EventRecord): void {
    this.goOn(Number(event.timeNs) / 1e9);
    const offered = this.#offering.offer(event, { late: false });
    this.#offering.see(event);
    const { label, state } = offered;
    if (label !== '') {
      const pid = event.details.find(([name]) => name === 'pid')?.[1];
      this.host.learn([{ label, state, ...(pid === undefined ? {} : { pid: Number(pid) }) }]);
    }
    const rules = this.#index.rulesFor(event.kind, label);
    if (rules.length > 0) this.host.offer([[offered, rules]]);
    this.#tellEnds();
  }

  /** Time passes up to this instant. */
  goOn(untilS: number): void {
    for (let next = this.#next(untilS); next !== undefined; next = this.#next(untilS)) {
      this.#nowS = Math.max(this.#nowS, next.dueS);
      const { id, everyS } = next;
      if (everyS === undefined) this.#timers.delete(id);
      else this.#timers.set(id, { id, everyS, dueS: next.dueS + everyS });
      this.host.fire(id);
      this.#tellEnds();
    }
    this.#nowS = Math.max(this.#nowS, untilS);
  }

  /** The first timer that is due by then; of several those that were set first. */
  #next(untilS: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers.values())
      if (timer.dueS <= untilS && (first === undefined || timer.dueS < first.dueS)) first = timer;
    return first;
  }

  #tellEnds(): void {
    while (this.#ended.length > 0) {
      const ended = this.#ended;
      this.#ended = [];
      for (const { waiter, end } of ended) this.host.ended(waiter, end);
    }
  }

  #take(ask: Ask): void {
    switch (ask.kind) {
      case 'act': {
        const { origin, action } = ask;
        this.deeds.push({ atS: this.#nowS, origin, action, line: actionLine(action) });
        if (action.kind !== 'run' || action.waiter === undefined) return;
        const end = this.#options.endOf?.(action.command);
        if (end !== undefined) this.#ended.push({ waiter: action.waiter, end });
        return;
      }
      case 'trouble':
        this.troubles.push(ask.trouble);
        return;
      case 'timer': {
        const everyS = ask.ms / 1000;
        const timer = { id: ask.id, dueS: this.#nowS + everyS, everyS: ask.repeats ? everyS : undefined };
        this.#timers.set(ask.id, timer);
        return;
      }
      case 'cancel':
        this.#timers.delete(ask.id);
        return;
      case 'file':
        this.#index.put(ask.file);
        return;
      case 'fired':
      case 'watch':
    }
  }
}
