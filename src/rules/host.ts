import type { Action, Ask, LoadedFile, Origin, Trouble } from './ask.ts';
import type { OfferedEvent, SeenProcess, SeenUnit } from './event.ts';
import { Guard, LOAD_STOP_MS } from './guard.ts';
import { Meter } from './lua/meter.ts';
import type { Fault } from './lua/sandbox.ts';
import {
  MOST_STARTS,
  RuleFile,
  STARTS_WITHIN_MS,
  TOO_MUCH,
  type FileHost,
  type Later,
  type Rule,
} from './rule-file.ts';
import { Lookout } from './lookout.ts';
import { Failures, Firings } from './rates.ts';

/** A chain of rules that fire each other is cut there (rules page). */
export const MOST_DEPTH = 16;

const HARD: Fault = {
  message:
    'one instruction of it took more than 500 ms, and it was stopped by force: its variables and timers are lost',
  line: undefined,
  excess: 'time',
};

/** What a host works with. */
export interface HostTools {
  readonly ask: (ask: Ask) => void;
  /** See `MeterClocks`. */
  readonly wallMs: () => number;
  readonly cpuMs: () => number;
  /** Of `now()`: Unix seconds. */
  readonly nowS: () => number;
  readonly process: (pid: number) => SeenProcess | undefined;
  /** All processes of the host; none where nothing is to be watched. */
  readonly pids?: () => readonly number[];
  /** Told which rule is called, and -1 when none is: for whoever finds this host dead. */
  readonly calls?: (rule: number) => void;
}

/** An event, and the rules that it may concern. */
export type Offer = readonly [event: OfferedEvent, rules: readonly number[]];

/** The end of a command, as the function that waits for it is told. */
export interface CommandEnd {
  readonly code: number;
  readonly signal?: string | undefined;
  /** Why it could not be run. */
  readonly error?: string | undefined;
}

/** What is to be called. */
type Call =
  | { readonly kind: 'look'; readonly file: RuleFile; readonly seen: SeenProcess }
  | { readonly kind: 'rule'; readonly file: RuleFile; readonly rule: Rule; readonly event: OfferedEvent }
  | { readonly kind: 'held'; readonly file: RuleFile; readonly rule: Rule; readonly event: OfferedEvent }
  | {
      readonly kind: 'later';
      readonly file: RuleFile;
      readonly later: Later;
      readonly argument: CommandEnd | undefined;
    };

/**
 * The rules of all files: takes events, and asks for what the rules want done. It knows no unit, no socket and no clock
 * but those that it is given, so that it is the same at work, in a test and in a replay. Nothing that a file does gets
 * out of it: each call is metered and guarded, and what goes wrong is told as `trouble`.
 */
export class RuleHost {
  readonly #tools: HostTools;
  readonly #meter: Meter;
  readonly #guard: Guard;
  readonly #files = new Map<string, { readonly file: RuleFile; readonly text: Uint8Array }>();
  readonly #rules = new Map<number, { readonly file: RuleFile; readonly rule: Rule }>();
  /** Numbers of rules by file and place in it: the same ones when a file is read again. */
  readonly #ids = new Map<string, number>();
  readonly #failures = new Failures();
  readonly #firings = new Firings();
  readonly #starts = new Firings();
  readonly #lookout = new Lookout();
  /** Rules that wait until no more comes, by rule: the timer, and the last event. */
  readonly #held = new Map<number, { readonly timer: number; readonly event: OfferedEvent }>();
  readonly #units = new Map<string, SeenUnit>();
  #lastNumber = 0;

  constructor(tools: HostTools) {
    this.#tools = tools;
    this.#meter = new Meter(tools);
    this.#guard = new Guard(tools.wallMs);
  }

  /** Loads a file, or loads it again; where that fails, what it had before stays in force. */
  load(name: string, text: Uint8Array): LoadedFile {
    const before = this.#files.get(name)?.file;
    const { file, asks, fault } = this.#read(name, text);
    if (fault === undefined) {
      if (before !== undefined) this.#leave(before);
      this.#files.set(name, { file, text });
      for (const rule of file.rules) {
        this.#rules.set(rule.id, { file, rule });
        this.#failures.forgive(rule.id);
      }
      for (const ask of asks) this.#tools.ask(ask);
    }
    if (fault === undefined) this.#lookout.begin();
    const inForce = fault === undefined ? file : before;
    const loaded: LoadedFile = {
      name,
      fault: fault === undefined ? undefined : { message: fault.message, line: fault.line },
      rules: inForce?.infos() ?? [],
      watches: inForce?.watches ?? [],
    };
    this.#tools.ask({ kind: 'file', file: loaded });
    return loaded;
  }

  /** A file that is not there any more. */
  drop(name: string): void {
    const found = this.#files.get(name);
    if (found === undefined) return;
    this.#leave(found.file);
    this.#files.delete(name);
  }

  /** The file as it is in force. */
  file(name: string): RuleFile | undefined {
    return this.#files.get(name)?.file;
  }

  /** What there is to know of units from now on; those without a state are no more. */
  learn(units: readonly SeenUnit[]): void {
    for (const unit of units) {
      if (unit.state === undefined) this.#units.delete(unit.label);
      else this.#units.set(unit.label, unit);
    }
  }

  /** Offers events, one after the other, each to the rules that it may concern, in the order of the files. */
  offer(offers: readonly Offer[]): void {
    this.#run(this.#callsOf(offers));
  }

  /** Looks for processes that are to be watched, and asks for each. */
  scan(): void {
    const files = [...this.#files.values()].filter(({ file }) => file.watches.length > 0);
    if (files.length === 0) return;
    const found = this.#lookout.due(this.#tools.pids?.() ?? [], this.#tools.process);
    const calls = files.flatMap(({ file }) => found.map((seen) => ({ kind: 'look', file, seen }) as const));
    this.#run(calls);
  }

  /** A timer is due. */
  fire(id: number): void {
    for (const [rule, held] of this.#held) {
      if (held.timer !== id) continue;
      this.#held.delete(rule);
      const found = this.#rules.get(rule);
      if (found !== undefined) this.#run([{ kind: 'held', ...found, event: held.event }]);
      return;
    }
    for (const { file } of this.#files.values()) {
      const later = file.timers.get(id);
      if (later === undefined) continue;
      if (!later.repeats) file.timers.delete(id);
      this.#run([{ kind: 'later', file, later, argument: undefined }]);
      if (!later.repeats) file.release(later.ref);
      return;
    }
  }

  /** A command that a rule waits for has ended, or could not be run. */
  ended(waiter: number, end: CommandEnd): void {
    for (const { file } of this.#files.values()) {
      const later = file.waiters.get(waiter);
      if (later === undefined) continue;
      file.waiters.delete(waiter);
      this.#run([{ kind: 'later', file, later, argument: end }]);
      file.release(later.ref);
      return;
    }
  }

  *#callsOf(offers: readonly Offer[]): Generator<Call> {
    for (const [event, ids] of offers)
      for (const id of ids) {
        const found = this.#rules.get(id);
        if (found !== undefined && !this.#failures.isSuspended(id)) yield { kind: 'rule', ...found, event };
      }
  }

  #run(calls: Iterable<Call>): void {
    this.#guard.run(
      calls,
      () => {
        this.#meter.anchor();
      },
      (call) => {
        this.#carryOut(call);
      },
      (call) => {
        this.#failed(call, HARD);
        this.#startAnew(call.file);
      },
    );
    this.#tools.calls?.(-1);
  }

  #carryOut(call: Call): void {
    this.#tools.calls?.(ruleOf(call)?.id ?? -1);
    const fault = this.#faultOf(call);
    if (fault === undefined) return;
    this.#failed(call, fault);
    if (fault === TOO_MUCH) this.#startAnew(call.file);
  }

  #faultOf(call: Call): Fault | undefined {
    if (call.kind === 'later') {
      const { later, argument } = call;
      return call.file.fire(later, argument === undefined ? undefined : { ...argument });
    }
    if (call.kind === 'look') return this.#look(call.file, call.seen);
    const { file, rule, event } = call;
    if (call.kind === 'rule') {
      if (event.depth > MOST_DEPTH) return undefined;
      const isMet = file.isMet(rule, event);
      if (typeof isMet === 'object') return isMet;
      if (!isMet) return undefined;
      if (event.depth === MOST_DEPTH) {
        this.#trouble(call, 'cut', `${MOST_DEPTH} rules have fired each other; it does not go on`, rule.line);
        return undefined;
      }
      if (rule.head.debounceMs !== undefined) {
        this.#hold(rule, event, rule.head.debounceMs);
        return undefined;
      }
    }
    const { limit } = rule.head;
    if (limit !== undefined && !this.#firings.mayFire(rule.id, event.time, limit)) return undefined;
    this.#tools.ask({ kind: 'fired', rule: rule.id });
    return file.run(rule, event, call.kind === 'rule');
  }

  #look(file: RuleFile, seen: SeenProcess): Fault | undefined {
    for (const { name, exe, command } of file.watches) {
      const isMet = file.isSeen(exe, command, seen);
      if (typeof isMet === 'object') return isMet;
      if (isMet) this.#tools.ask({ kind: 'watch', file: file.name, name, pid: seen.pid });
    }
    return undefined;
  }

  #hold(rule: Rule, event: OfferedEvent, ms: number): void {
    const before = this.#held.get(rule.id);
    if (before !== undefined) this.#tools.ask({ kind: 'cancel', id: before.timer });
    this.#lastNumber += 1;
    const timer = this.#lastNumber;
    this.#held.set(rule.id, { timer, event });
    this.#tools.ask({ kind: 'timer', id: timer, ms, repeats: false });
  }

  #failed(call: Call, fault: Fault): void {
    const { file } = call;
    const rule = ruleOf(call);
    this.#trouble(call, 'failed', fault.message, fault.line ?? rule?.line);
    const id = rule?.id ?? this.#idOf(file.name, -1);
    if (!this.#failures.add(id, this.#tools.nowS() * 1000)) return;
    const what = 'it failed 5 times within a minute; it is let be until the rules are loaded again';
    this.#trouble(call, 'suspended', what, rule?.line);
    const held = this.#held.get(id);
    if (held !== undefined) this.#tools.ask({ kind: 'cancel', id: held.timer });
    this.#held.delete(id);
    for (const [timer, later] of file.timers)
      if (later.rule?.id === rule?.id) {
        file.timers.delete(timer);
        file.release(later.ref);
        this.#tools.ask({ kind: 'cancel', id: timer });
      }
  }

  #trouble(call: Call, what: Trouble['what'], message: string, line: number | undefined): void {
    const { file } = call;
    const rule = ruleOf(call);
    const origin: Origin =
      call.kind === 'later'
        ? call.later.origin
        : call.kind === 'look'
          ? file.ownOrigin
          : {
              file: file.name,
              rule: call.rule.name,
              sequence: call.event.sequence,
              label: call.event.label,
              depth: call.event.depth,
            };
    const trouble = { file: file.name, rule: rule?.name ?? '', line, what, message, origin };
    this.#tools.ask({ kind: 'trouble', trouble, rule: rule?.id });
  }

  /** The machine of a file is thrown away, and its text read into a new one. */
  #startAnew(stopped: RuleFile): void {
    const { name } = stopped;
    const kept = this.#files.get(name);
    if (kept?.file !== stopped) return;
    this.#leave(stopped);
    this.#files.delete(name);
    const { file, asks, fault } = this.#read(name, kept.text);
    if (fault === undefined) {
      this.#files.set(name, { file, text: kept.text });
      for (const rule of file.rules) this.#rules.set(rule.id, { file, rule });
      for (const ask of asks) this.#tools.ask(ask);
    }
    const said = fault === undefined ? undefined : { message: fault.message, line: fault.line };
    const [rules, watches] = fault === undefined ? [file.infos(), file.watches] : [[], []];
    this.#tools.ask({ kind: 'file', file: { name, fault: said, rules, watches } });
  }

  /** Makes the machine of a file; what it asks for meanwhile is asked for when it is in force. */
  #read(name: string, text: Uint8Array): { file: RuleFile; asks: readonly Ask[]; fault: Fault | undefined } {
    const asks: Ask[] = [];
    let isRead = false;
    const ask = (one: Ask): void => {
      if (isRead) this.#tools.ask(one);
      else asks.push(one);
    };
    const file = new RuleFile(name, this.#fileHost(ask));
    let fault: Fault | undefined;
    this.#guard.run(
      [file],
      () => {
        this.#meter.anchor();
      },
      () => {
        fault = file.load(text);
      },
      () => {
        fault = HARD;
      },
      LOAD_STOP_MS,
    );
    isRead = true;
    return { file, asks, fault };
  }

  #fileHost(ask: (ask: Ask) => void): FileHost {
    const { process, nowS } = this.#tools;
    return {
      meter: this.#meter,
      idOf: (file, ordinal) => this.#idOf(file, ordinal),
      nextNumber: () => {
        this.#lastNumber += 1;
        return this.#lastNumber;
      },
      mayStart: (rule) =>
        this.#starts.mayFire(rule, nowS(), { count: MOST_STARTS, withinMs: STARTS_WITHIN_MS }),
      act: (origin: Origin, action: Action) => {
        ask({ kind: 'act', origin, action });
      },
      timer: (id, ms, repeats) => {
        ask({ kind: 'timer', id, ms, repeats });
      },
      cancelled: (id) => {
        ask({ kind: 'cancel', id });
      },
      state: (label) => this.#units.get(label)?.state,
      units: () => this.#units.values(),
      process,
      nowS,
    };
  }

  #idOf(file: string, ordinal: number): number {
    const key = `${ordinal} ${file}`;
    const id = this.#ids.get(key) ?? this.#ids.size;
    this.#ids.set(key, id);
    return id;
  }

  #leave(file: RuleFile): void {
    for (const { id } of file.rules) {
      this.#rules.delete(id);
      const held = this.#held.get(id);
      if (held !== undefined) this.#tools.ask({ kind: 'cancel', id: held.timer });
      this.#held.delete(id);
    }
    for (const id of file.timers.keys()) this.#tools.ask({ kind: 'cancel', id });
  }
}

function ruleOf(call: Call): Rule | undefined {
  if (call.kind === 'look') return undefined;
  return call.kind === 'later' ? call.later.rule : call.rule;
}
