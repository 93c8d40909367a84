import { signalName, signalNumber } from '../base/signals.ts';
import { EVENT_KINDS } from '../base/vocabulary.ts';
import { splitWords } from '../base/words.ts';
import { LEVELS, type Action, type WatchInfo } from './ask.ts';
import type { SeenProcess, SeenUnit } from './event.ts';
import { Arguments } from './lua/arguments.ts';
import { nameBytes } from './lua/bytes.ts';
import { setGlobal } from './lua/library.ts';
import { lua, type State } from './lua/machine.ts';
import { push, type Fields, type Value } from './lua/values.ts';
import { duration, labelFault } from './rule.ts';

/** The supervisor's own kinds of events: a rule must not make up what it goes by. */
const RESERVED_KINDS: ReadonlySet<string> = new Set(EVENT_KINDS);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DETAIL = /^[a-z][a-z0-9_.-]{0,63}$/;
const MOST_TEXT = 4096;
const LEAST_EVERY_MS = 100;

/** What the functions that a file may call are carried out by. */
export interface Desk {
  /** Why nothing can be done now; undefined where it can. */
  readonly obstacle: () => string | undefined;
  /** Where the present event is from; empty where there is none. */
  readonly label: () => string;
  /** Asks for it; why it may not, where it may not. */
  readonly act: (action: Action) => string | undefined;
  /** The function on top of the stack is to be called so much later; returns a number by which that is cancelled; undefined where the file has too many. */
  readonly timer: (ms: number, repeats: boolean) => number | undefined;
  readonly cancel: (timer: number) => void;
  /** The function on top of the stack is to be told of an end; returns the number by which it will be known; undefined as above. */
  readonly waiter: () => number | undefined;
  /** `on`, with its table on top of the stack. */
  readonly define: (args: Arguments) => void;
  readonly watch: (watch: WatchInfo) => void;
  /** `test`, with its table on top of the stack. */
  readonly test: (args: Arguments) => void;
  readonly print: (text: string) => void;
  readonly log: (action: Action) => void;
  readonly state: (label: string) => string | undefined;
  readonly units: (glob: string) => readonly SeenUnit[] | string;
  readonly process: (pid: number) => SeenProcess | undefined;
  readonly now: () => number;
}

type Entry = (args: Arguments, desk: Desk) => number;

/** Gives a file its functions beside the standard library (rules page, "Actions" and "Queries"). */
export function openApi(L: State, desk: Desk): void {
  for (const [name, entry] of Object.entries(ENTRIES))
    setGlobal(L, name, (state) => entry(new Arguments(state, name), desk));
}

/** An entry that does something, and returns nothing. */
function acting(action: (args: Arguments, desk: Desk) => Action): Entry {
  return (args, desk) => {
    const obstacle = desk.obstacle();
    if (obstacle !== undefined) args.fail(obstacle);
    const refusal = desk.act(action(args, desk));
    return refusal === undefined ? 0 : args.fail(refusal);
  };
}

function order(kind: 'start' | 'stop' | 'restart'): Entry {
  return acting((args) => ({ kind, targets: targetsOf(args, 1) }));
}

function targetsOf(args: Arguments, at: number): readonly string[] {
  const targets = args.texts(at, 'the label');
  for (const target of targets) {
    const fault = target === '' ? 'the label is empty' : labelFault(target);
    if (fault !== undefined) args.fail(fault);
  }
  return targets;
}

function command(kind: 'run' | 'start-daemon'): Entry {
  return acting((args, desk) => {
    const line = args.text(1, 'the command');
    const words = splitWords(line);
    if (!words.ok) args.fail(words.error.message);
    const { label, env } = args.fields(2, 'what goes with the command');
    const isAwaited = kind === 'run' && args.isFunction(3);
    const waiter = isAwaited ? desk.waiter() : undefined;
    if (isAwaited && waiter === undefined) args.fail('too many commands are waited for');
    if (label === undefined || typeof label === 'string')
      return { kind, command: line, label, env: settings(args, env), waiter };
    return args.fail('label is to be a text');
  });
}

function settings(args: Arguments, env: Value): readonly (readonly [string, string])[] {
  if (env === undefined) return [];
  if (typeof env !== 'object' || Array.isArray(env)) args.fail('env is to be a table');
  return Object.entries(env as Fields).map(([name, value]) => {
    if (!NAME.test(name)) args.fail(`${name} cannot be the name of a setting`);
    const text = typeof value === 'object' ? '\0' : String(value);
    return text.includes('\0') ? args.fail(`the setting ${name} is to be a text`) : ([name, text] as const);
  });
}

function later(repeats: boolean): Entry {
  return (args, desk) => {
    const ms = args.must(duration(args.value(1), 'the time')) ?? args.fail('the time is missing');
    if (repeats && ms < LEAST_EVERY_MS) args.fail(`the time is to be ${LEAST_EVERY_MS}ms or more`);
    if (!args.isFunction(2)) args.fail('what is to be done then is to be a function');
    const timer = desk.timer(ms, repeats);
    if (timer === undefined) args.fail('too many timers are set');
    else pushTimer(args.L, desk, timer);
    return 1;
  };
}

/** A table with the one method `cancel`. */
function pushTimer(L: State, desk: Desk, timer: number): void {
  lua.lua_createtable(L, 0, 1);
  lua.lua_pushcfunction(L, () => {
    desk.cancel(timer);
    return 0;
  });
  lua.lua_setfield(L, -2, nameBytes('cancel'));
}

/** Raises the machine's own error where it is no pattern. */
export function checkPattern(L: State, pattern: string): void {
  lua.lua_getglobal(L, nameBytes('string'));
  lua.lua_getfield(L, -1, nameBytes('find'));
  push(L, '');
  push(L, pattern);
  lua.lua_call(L, 2, 0);
  lua.lua_pop(L, 1);
}

/** What the protocol will have and this version has not. */
const missing: Entry = (args) => args.fail('it cannot be had in this version');

const ENTRIES: Readonly<Record<string, Entry>> = {
  on: (args, desk) => {
    lua.lua_settop(args.L, 1);
    desk.define(args);
    return 0;
  },
  test: (args, desk) => {
    lua.lua_settop(args.L, 1);
    desk.test(args);
    return 0;
  },
  watch_process: (args, desk) => {
    const { name, exe, command: line } = args.fields(1, 'what is to be watched');
    if (typeof name !== 'string') args.fail('name is to be a label');
    const fault = labelFault(name as string);
    if (fault !== undefined || name === '') args.fail(fault ?? 'name is empty');
    if (exe === undefined && line === undefined) args.fail('exe or command is to be a Lua pattern');
    for (const one of [exe, line])
      if (one !== undefined && typeof one !== 'string') args.fail('exe and command are Lua patterns');
    for (const one of [exe, line]) if (typeof one === 'string') checkPattern(args.L, one);
    desk.watch({ name: name as string, exe: exe as string | undefined, command: line as string | undefined });
    return 0;
  },
  start: order('start'),
  stop: order('stop'),
  restart: order('restart'),
  signal: acting((args) => {
    const number = signalNumber(args.text(2, 'the signal'));
    return number.ok
      ? { kind: 'signal', targets: targetsOf(args, 1), signal: signalName(number.value) }
      : args.fail(number.error.message);
  }),
  run: command('run'),
  start_daemon: command('start-daemon'),
  monitor: acting((args) => {
    const pid = args.number(1, 'the process');
    return Number.isInteger(pid) && pid > 0
      ? { kind: 'monitor', pid }
      : args.fail('the process is to be a pid');
  }),
  link: missing,
  unlink: missing,
  publish: acting((args, desk) => {
    const event = args.text(1, 'the kind');
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(event)) args.fail(`${event} cannot be the kind of an event`);
    if (RESERVED_KINDS.has(event)) args.fail(`the kind ${event} is the supervisor's own`);
    const { label, ...fields } = args.fields(2, 'what the event says');
    const fault = typeof label === 'string' ? labelFault(label) : undefined;
    if (fault !== undefined) args.fail(fault);
    const details = Object.entries(fields).map(([name, value]) => {
      if (!DETAIL.test(name)) args.fail(`${name} cannot be the name of what an event says`);
      if (typeof value === 'object') return args.fail(`${name} is to be a text`);
      return [name, String(value).slice(0, MOST_TEXT)] as const;
    });
    return { kind: 'publish', event, label: typeof label === 'string' ? label : desk.label(), details };
  }),
  note: acting((args) => ({ kind: 'note', text: args.text(1, 'the text').slice(0, MOST_TEXT) })),
  port: acting((args) => ({ kind: 'port', name: args.text(1, 'the name') })),
  log: (args, desk) => {
    const level = args.text(1, 'the level');
    const known = LEVELS.find((one) => one === level);
    if (known === undefined) args.fail(`the level is to be one of ${LEVELS.join(', ')}`);
    else desk.log({ kind: 'log', level: known, text: args.text(2, 'the text').slice(0, MOST_TEXT) });
    return 0;
  },
  after: later(false),
  every: later(true),
  state: (args, desk) => {
    push(args.L, desk.state(args.text(1, 'the label')));
    return 1;
  },
  units: (args, desk) => {
    const found = desk.units(args.value(1) === undefined ? '*' : args.text(1, 'the glob'));
    if (typeof found === 'string') args.fail(found);
    else
      push(
        args.L,
        found.map((unit) => ({ ...unit })),
      );
    return 1;
  },
  process: (args, desk) => {
    const seen = desk.process(args.number(1, 'the process'));
    push(args.L, seen === undefined ? undefined : { ...seen });
    return 1;
  },
  now: (args, desk) => {
    lua.lua_pushnumber(args.L, desk.now());
    return 1;
  },
};
