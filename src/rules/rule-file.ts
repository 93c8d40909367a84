import { compileGlob } from '../base/glob.ts';
import type { Action, Origin, RuleInfo, WatchInfo } from './ask.ts';
import { checkPattern, openApi, type Desk } from './api.ts';
import type { OfferedEvent, SeenProcess, SeenUnit } from './event.ts';
import type { Arguments } from './lua/arguments.ts';
import { nameBytes } from './lua/bytes.ts';
import { lua, type State } from './lua/machine.ts';
import type { Meter } from './lua/meter.ts';
import { Sandbox, type Fault } from './lua/sandbox.ts';
import { pushEvent } from './lua/event-table.ts';
import { push, type Value } from './lua/values.ts';
import { readHead, type RuleHead } from './rule.ts';

/** A file asks for no more than this at once. */
const MOST_ACTIONS = 64;
const MOST_RULES = 2000;
/** Timers, and commands whose end is waited for. */
const MOST_LATER = 1000;

/** What starts processes. */
const STARTING: ReadonlySet<string> = new Set(['start', 'restart', 'run', 'start-daemon']);
/**
 * A rule asks for no more of them within so long. What it starts are events, which may make it fire again, and no chain
 * of causes need lead from one to the other: a process that ends by itself begins a new one.
 */
export const MOST_STARTS = 100;
export const STARTS_WITHIN_MS = 10_000;

/** A rule of a file: what it says, and its functions in the file's machine. */
export interface Rule {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  readonly head: RuleHead;
  readonly where: number | undefined;
  readonly run: number | undefined;
}

/** A function that is called later. */
export interface Later {
  readonly ref: number;
  readonly origin: Origin;
  readonly rule: Rule | undefined;
  readonly repeats: boolean;
}

/** One case of `test{…}`: what the table says, and its function `check`. */
export interface TestCase {
  readonly line: number;
  readonly table: Value;
  readonly check: number | undefined;
}

/** What a file needs of whoever holds it. */
export interface FileHost {
  readonly meter: Meter;
  readonly idOf: (file: string, ordinal: number) => number;
  readonly nextNumber: () => number;
  /** Whether the rule may start something; it counts. */
  readonly mayStart: (rule: number) => boolean;
  readonly act: (origin: Origin, action: Action) => void;
  readonly timer: (id: number, ms: number, repeats: boolean) => void;
  readonly cancelled: (id: number) => void;
  readonly state: (label: string) => string | undefined;
  readonly units: () => Iterable<SeenUnit>;
  readonly process: (pid: number) => SeenProcess | undefined;
  readonly nowS: () => number;
}

/** One rule file: its machine, its rules, and what it waits for. */
export class RuleFile {
  readonly name: string;
  readonly rules: Rule[] = [];
  readonly watches: WatchInfo[] = [];
  readonly tests: TestCase[] = [];
  readonly timers = new Map<number, Later>();
  readonly waiters = new Map<number, Later>();
  readonly #host: FileHost;
  readonly #sandbox: Sandbox;
  readonly #find: number;
  /** Whose call is under way. */
  #origin: Origin;
  #rule: Rule | undefined;
  #actions = 0;
  #isLoading = true;

  constructor(name: string, host: FileHost) {
    this.name = name;
    this.#host = host;
    this.#origin = this.ownOrigin;
    const print = (text: string): void => {
      host.act(this.#origin, { kind: 'log', level: 'info', text: text.slice(0, 4096) });
    };
    this.#sandbox = new Sandbox(name, host.meter, print);
    openApi(this.#sandbox.L, this.#desk(print));
    const { L } = this.#sandbox;
    lua.lua_getglobal(L, nameBytes('string'));
    lua.lua_getfield(L, -1, nameBytes('find'));
    this.#find = this.#sandbox.keep();
    lua.lua_pop(L, 1);
  }

  /** What the file does outside of rules. */
  get ownOrigin(): Origin {
    return { file: this.name, rule: '', sequence: undefined, label: '', depth: 0 };
  }

  /** Carries out the file's text: what its functions find to define is the file's from then on. */
  load(text: Uint8Array): Fault | undefined {
    const fault = this.#sandbox.load(text);
    this.#isLoading = false;
    return fault ?? (this.#sandbox.holdsTooMuch() ? TOO_MUCH : undefined);
  }

  /** As the index knows the rules. */
  infos(): readonly RuleInfo[] {
    return this.rules.map(({ id, name, line, head }) => ({
      id,
      name,
      line,
      labels: head.labels,
      kinds: head.kinds,
      asksProcess: head.exe !== undefined || head.command !== undefined,
    }));
  }

  /** Whether the rule's own conditions hold, as far as they are in the file's language. */
  isMet(rule: Rule, event: OfferedEvent): boolean | Fault {
    const { exe, command } = rule.head;
    const isSeen = this.isSeen(exe, command, event);
    if (isSeen !== true) return isSeen;
    if (rule.where === undefined) return true;
    let isMet = false;
    const take = (L: State): void => {
      isMet = lua.lua_toboolean(L, -1);
    };
    const fault = this.#call(rule, originOf(this.name, rule, event), rule.where, event, take);
    return fault ?? isMet;
  }

  /** Whether patterns, as far as there are any, match path and command line of a process. */
  isSeen(
    exe: string | undefined,
    command: string | undefined,
    seen: Pick<OfferedEvent, 'exe' | 'command'>,
  ): boolean | Fault {
    for (const [pattern, text] of [
      [exe, seen.exe],
      [command, seen.command],
    ]) {
      if (pattern === undefined) continue;
      if (text === undefined) return false;
      const found = this.#finds(text, pattern);
      if (found !== true) return found;
    }
    return true;
  }

  /** Calls the rule's function. @param isAtOnce directly behind `isMet`: then both have one budget */
  run(rule: Rule, event: OfferedEvent, isAtOnce: boolean): Fault | undefined {
    const origin = originOf(this.name, rule, event);
    const goesOn = isAtOnce && rule.where !== undefined;
    if (rule.run !== undefined) return this.#call(rule, origin, rule.run, event, undefined, goesOn);
    const command = rule.head.run ?? '';
    const action: Action = {
      kind: 'run',
      command,
      label: undefined,
      env: eventEnv(event),
      waiter: undefined,
    };
    const message = this.#tooMany(action, rule);
    if (message !== undefined) return { message, line: rule.line };
    this.#host.act(origin, action);
    return undefined;
  }

  /** Why a rule may not start anything more now; undefined where it may, or this starts nothing. */
  #tooMany({ kind }: Action, rule: Rule | undefined): string | undefined {
    if (!STARTING.has(kind) || this.#host.mayStart(rule?.id ?? -1)) return undefined;
    return `${kind}: more than ${MOST_STARTS} starts within ${STARTS_WITHIN_MS / 1000} s: it seems to set itself off`;
  }

  /** Calls what was to be called later. */
  fire({ ref, origin, rule }: Later, argument: Value): Fault | undefined {
    this.#enter(rule, origin);
    return this.#checked(
      this.#sandbox.call(ref, (L) => {
        push(L, argument);
        return 1;
      }),
    );
  }

  /** Calls the function of a test. */
  check(ref: number, argument: Value): Fault | undefined {
    return this.fire({ ref, origin: this.ownOrigin, rule: undefined, repeats: false }, argument);
  }

  release(ref: number): void {
    this.#sandbox.release(ref);
  }

  #finds(text: string, pattern: string): boolean | Fault {
    let isFound = false;
    this.#enter(undefined, this.ownOrigin);
    const fault = this.#sandbox.call(
      this.#find,
      (L) => {
        push(L, text);
        push(L, pattern);
        return 2;
      },
      (L) => {
        isFound = lua.lua_toboolean(L, -1);
      },
    );
    return fault ?? isFound;
  }

  #call(
    rule: Rule,
    origin: Origin,
    ref: number,
    event: OfferedEvent,
    take: ((L: State) => void) | undefined,
    goesOn = false,
  ): Fault | undefined {
    this.#enter(rule, origin);
    const fault = this.#sandbox.call(
      ref,
      (L) => {
        pushEvent(L, event);
        return 1;
      },
      take,
      goesOn,
    );
    return this.#checked(fault);
  }

  #enter(rule: Rule | undefined, origin: Origin): void {
    this.#rule = rule;
    this.#origin = origin;
    this.#actions = 0;
  }

  #checked(fault: Fault | undefined): Fault | undefined {
    return this.#sandbox.holdsTooMuch() ? TOO_MUCH : fault;
  }

  #desk(print: (text: string) => void): Desk {
    const host = this.#host;
    return {
      obstacle: () => {
        if (this.#isLoading) return 'a file acts in its rules and timers only, not while it is loaded';
        return this.#actions < MOST_ACTIONS ? undefined : `more than ${MOST_ACTIONS} actions for one event`;
      },
      label: () => this.#origin.label,
      act: (action) => {
        this.#actions += 1;
        const refusal = this.#tooMany(action, this.#rule);
        if (refusal === undefined) host.act(this.#origin, action);
        return refusal;
      },
      log: (action) => {
        host.act(this.#origin, action);
      },
      print,
      timer: (ms, repeats) => {
        if (this.timers.size >= MOST_LATER) return undefined;
        const id = this.#keepLater(this.timers, repeats);
        host.timer(id, ms, repeats);
        return id;
      },
      cancel: (id) => {
        const later = this.timers.get(id);
        if (later === undefined) return;
        this.timers.delete(id);
        this.#sandbox.release(later.ref);
        host.cancelled(id);
      },
      waiter: () => {
        return this.waiters.size >= MOST_LATER ? undefined : this.#keepLater(this.waiters, false);
      },
      define: (args) => {
        this.#define(args);
      },
      watch: (watch) => {
        if (this.#isLoading) this.watches.push(watch);
      },
      test: (args) => {
        const line = this.#sandbox.lineNow() ?? 0;
        this.tests.push({ line, table: args.value(1), check: this.#field(args.L, 'check') });
      },
      state: host.state,
      units: (glob) => {
        const compiled = compileGlob(glob);
        if (!compiled.ok) return compiled.error.message;
        const found = [...host.units()].filter(({ label }) => compiled.value.matches(label));
        return found.sort((one, other) => (one.label < other.label ? -1 : 1));
      },
      process: host.process,
      now: host.nowS,
    };
  }

  /** What is on top of the stack is called later, as of the same origin. */
  #keepLater(among: Map<number, Later>, repeats: boolean): number {
    const id = this.#host.nextNumber();
    among.set(id, { ref: this.#sandbox.keep(), origin: this.#origin, rule: this.#rule, repeats });
    return id;
  }

  #define(args: Arguments): void {
    const { L } = args;
    if (!this.#isLoading) args.fail('rules are made while a file is loaded only');
    if (this.rules.length >= MOST_RULES) args.fail(`a file has ${MOST_RULES} rules at most`);
    const head = args.must(readHead(args.value(1)));
    for (const one of [head.exe, head.command]) if (one !== undefined) checkPattern(L, one);
    const where = this.#field(L, 'where');
    const run = this.#field(L, 'run');
    if (run === undefined && head.run === undefined)
      args.fail('run is to be a function, or a text that is a command line');
    const line = this.#sandbox.lineNow() ?? 0;
    const id = this.#host.idOf(this.name, this.rules.length);
    this.rules.push({ id, name: head.name ?? `line ${line}`, line, head, where, run });
  }

  /** The function that a field of the table at 1 is. */
  #field(L: State, name: string): number | undefined {
    if (lua.lua_getfield(L, 1, nameBytes(name)) === lua.LUA_TFUNCTION) return this.#sandbox.keep();
    lua.lua_pop(L, 1);
    return undefined;
  }
}

/** It holds what no file may: its machine is to be thrown away. */
export const TOO_MUCH: Fault = { message: 'it holds more than 16 MiB', line: undefined, excess: 'memory' };

function originOf(file: string, rule: Rule, { sequence, label, depth }: OfferedEvent): Origin {
  return { file, rule: rule.name, sequence, label, depth };
}

/** What a command is told of the event that made it run. */
function eventEnv(event: OfferedEvent): readonly (readonly [string, string])[] {
  const details = new Map<string, string>();
  for (let at = 0; at + 1 < event.details.length; at += 2)
    details.set(event.details[at] ?? '', event.details[at + 1] ?? '');
  return [
    ['EVENT_LABEL', event.label],
    ['EVENT_KIND', event.kind],
    ['EVENT_TIME', String(event.time)],
    ['EVENT_SEQUENCE', String(event.sequence)],
    ...['pid', 'code', 'signal', 'reason'].map(
      (name) => [`EVENT_${name.toUpperCase()}`, details.get(name) ?? ''] as const,
    ),
  ];
}
