import { UNIT_STATES } from '../base/vocabulary.ts';
import { KINDS, type Kind } from './kinds.ts';
import type { Role } from './role.ts';

/** A positional argument: how it is read and how often it stands there. `many` is one at least; only the last may be it. */
export interface Argument<T = unknown, O extends Occurrence = Occurrence> {
  readonly occurs: O;
  readonly kind: Kind<T>;
}
export type Occurrence = 'once' | 'optional' | 'many';

/** What a request looks like and what it takes to be allowed. */
export interface VerbShape {
  /** In their order on the wire. */
  readonly args: Readonly<Record<string, Argument>>;
  /** By their name without `@`. */
  readonly options: Readonly<Record<string, Kind<unknown>>>;
  /** Options that the protocol names for later; those that end in a dot are a beginning. They are `unsupported`. */
  readonly later: readonly string[];
  /** Whether `NAME=value` may follow, and the first field is a command whatever it begins with. */
  readonly settings: boolean;
  /** Fewest and most descriptors that may come with it. */
  readonly descriptors: readonly [least: number, most: number];
  /** The least role that may ask for it. */
  readonly role: Exclude<Role, 'none'>;
  /** Whether it starts something, which a shutdown refuses. */
  readonly starts: boolean;
}

const once = <T>(kind: Kind<T>): Argument<T, 'once'> => ({ occurs: 'once', kind });
const optional = <T>(kind: Kind<T>): Argument<T, 'optional'> => ({ occurs: 'optional', kind });
const many = <T>(kind: Kind<T>): Argument<T, 'many'> => ({ occurs: 'many', kind });

const { flag, duration, time, count, label, target, something } = KINDS;

/** The common case: no argument, no option, nothing but the verb. */
const BARE = {
  args: {},
  options: {},
  later: [],
  settings: false,
  descriptors: [0, 0],
  starts: false,
} as const;

const READ = { ...BARE, role: 'read' } as const;
const CONTROL = { ...BARE, role: 'control' } as const;
const OWNER = { ...BARE, role: 'owner' } as const;

const targets = { targets: many(target) };
const unit = { label: once(label) };

const command = {
  ...CONTROL,
  args: { command: once(KINDS.words) },
  settings: true,
  descriptors: [0, 3],
  starts: true,
} as const;
const commandOptions = {
  label: KINDS.labelWish,
  cwd: KINDS.folder,
  user: something,
  group: something,
  umask: KINDS.umask,
  'stop-signal': KINDS.signal,
  'stop-timeout': duration,
  'clean-env': flag,
  stdin: KINDS.anything,
};

const order = { ...CONTROL, args: targets, later: ['variant', 'param.'] } as const;
const orderOptions = { force: flag, wait: flag, timeout: duration };

const link = {
  ...OWNER,
  args: {
    from: once(label),
    to: once(label),
    kind: once(KINDS.oneOf('stop-with', 'restart-with', 'start-with', 'notify')),
  },
} as const;
const ending = { ...OWNER, options: { timeout: duration } } as const;

/**
 * Every request of the protocol page, built or not (what is not is answered `unsupported`). Roles follow
 * "Transport and access": what only looks is `read`; what acts on units, and the commands of an admitted
 * user, is `control`; all else, and what the page denies by name, is `owner`.
 */
export const VERBS = {
  Run: {
    ...command,
    options: { ...commandOptions, timeout: duration, keep: flag },
  },
  StartDaemon: {
    ...command,
    options: {
      ...commandOptions,
      restart: KINDS.oneOf('always', 'on-failure', 'never'),
      'on-exit': KINDS.words,
    },
  },
  MonitorFD: { ...OWNER, options: { label: KINDS.labelWish }, descriptors: [1, 1] },
  Version: READ,
  MonitorPid: { ...OWNER, args: { pid: once(KINDS.pid) }, options: { label: KINDS.labelWish } },
  Start: { ...order, options: orderOptions, starts: true },
  Stop: { ...order, options: { ...orderOptions, disable: flag } },
  Restart: { ...order, options: orderOptions, starts: true },
  StopDaemon: { ...CONTROL, args: unit },
  Wait: { ...READ, args: unit, options: { for: KINDS.oneOf(...UNIT_STATES), timeout: duration } },
  Signal: {
    ...CONTROL,
    args: { signal: once(KINDS.signal), ...targets },
    options: { scope: KINDS.oneOf('main', 'group', 'tree') },
  },
  Enable: { ...CONTROL, args: targets },
  Disable: { ...CONTROL, args: targets },
  Forget: { ...CONTROL, args: targets },
  List: { ...READ, args: { target: optional(target) }, options: { at: time } },
  Status: { ...READ, args: unit },
  Usage: { ...READ, args: { target: optional(target) } },
  History: { ...READ, args: unit, options: { since: time } },
  Tree: { ...READ, args: { label: optional(label) } },
  Dump: { ...READ, args: { what: once(KINDS.oneOf('config', 'graph', 'ports', 'rules', 'state')) } },
  Plan: {
    ...READ,
    args: { action: once(KINDS.oneOf('start', 'stop')), ...targets },
    options: { 'under-way': flag },
  },
  Boot: READ,
  Reload: { ...OWNER, options: { check: flag, confirm: duration }, starts: true },
  Confirm: OWNER,
  Port: {
    ...OWNER,
    args: { name: once(KINDS.portName) },
    options: { host: something, port: KINDS.portNumber, protocol: KINDS.oneOf('tcp', 'udp') },
  },
  Ports: READ,
  ReleasePort: { ...OWNER, args: { name: once(KINDS.portName) } },
  Link: link,
  Unlink: link,
  Links: READ,
  Subscribe: {
    ...READ,
    args: { target: optional(target) },
    options: { after: KINDS.position, snapshot: flag },
  },
  Events: {
    ...READ,
    args: { target: optional(target) },
    options: { after: KINDS.position, since: time, until: time, kind: KINDS.eventKind, last: count },
  },
  Why: { ...READ, args: unit },
  Log: { ...READ, args: unit, options: { lines: count, since: time, follow: flag, fd: flag, reopen: flag } },
  Rules: READ,
  ReloadRules: OWNER,
  Upgrade: OWNER,
  Shutdown: ending,
  Reboot: ending,
  PowerOff: ending,
  Halt: ending,
  Cancel: { ...READ, args: { tag: once(KINDS.tag) } },
} as const satisfies Readonly<Record<string, VerbShape>>;

/** The name of a request as replies and messages write it. */
export type Verb = keyof typeof VERBS;

const BY_LOWER_CASE: ReadonlyMap<string, Verb> = new Map(
  (Object.keys(VERBS) as Verb[]).map((verb) => [verb.toLowerCase(), verb]),
);

/** The verb that `word` names, without regard to case. */
export function findVerb(word: string): Verb | undefined {
  return Object.hasOwn(VERBS, word) ? (word as Verb) : BY_LOWER_CASE.get(word.toLowerCase());
}
