import type { Result } from '../base/result.ts';
import type { Limits } from './limits.ts';
import type { Network } from './network.ts';
import type { Notices } from './notices.ts';
import type { OldFiles } from './old-files.ts';
import type { Output, PipeIdentity } from './output.ts';
import type { Consumptions, Pidfds } from './pidfds.ts';
import type { Ports } from './ports.ts';
import type { Programs } from './programs.ts';
import type { SpawnOrder } from './spawn-order.ts';
import type { StoredFiles } from './stored-files.ts';
import type { Workers } from './workers.ts';

export type { Limits, MemoryKills, SpawnLimits, TreeLimits, TreesPlace } from './limits.ts';
export type { FolderEntry, OldFiles } from './old-files.ts';
export type { Copying, Keeping, LogLimits, Missing, Output, PipeIdentity } from './output.ts';
export type { Consumption, Consumptions, Pidfds, ProcessConsumption } from './pidfds.ts';
export type { BindOptions, Listener, Ports, SocketAddress } from './ports.ts';
export type { ResourceLimit, SpawnOrder } from './spawn-order.ts';
export type { AppendFile, FileStatus, StoredFiles, Written } from './stored-files.ts';

/**
 * The only door to the operating system. Everything that archond wants of the kernel, of the
 * keeper or of the clock goes through a `Sys`; tests put a fake with a virtual clock in its place.
 *
 * Nothing here blocks and nothing here decides. Answers come by callback, always after the call
 * has returned, so that the caller's step is over before the next one begins.
 */
export interface Sys {
  /** Closes the channel to the keeper and lets the program end. */
  close(): void;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number in [0, 1), for jitter and generated labels. */
  readonly chance: () => number;
  readonly keeper: Keeper;
  readonly limits: Limits;
  readonly sockets: Sockets;
  readonly pidfds: Pidfds;
  readonly notices: Notices;
  readonly network: Network;
  readonly ports: Ports;
  readonly output: Output;
  readonly descriptors: Descriptors;
  readonly users: Users;
  readonly programs: Programs;
  readonly workers: Workers;
  readonly files: Files;
  readonly oldFiles: OldFiles;
}

/** An open descriptor of this process: a small whole number. Whoever holds it closes it. */
export type Descriptor = number;

/** What the kernel said: the name (`ENOENT`) and number of an errno, and the call that failed. */
export interface SysError {
  readonly code: string;
  readonly errno: number;
  readonly call: string;
}

/** Stops what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

/** Time. All instants of the supervisor are of the monotonic clock, in milliseconds with fraction. */
export interface Clock {
  /** CLOCK_MONOTONIC in milliseconds. */
  monotonicMs(): number;
  /** Time since 1970-01-01 UTC in nanoseconds. */
  realtimeNs(): bigint;
}

/** Calls back once when `clock.monotonicMs()` has reached `atMs` (at once, but not inside the call, if it is past). */
export interface Timers {
  at(atMs: number, action: () => void): Cancel;
}

/** One spawn, named by its place in the table and its generation; the pair is never used again. */
export interface ProcessRef {
  /** 0 to 16,383. */
  readonly index: number;
  /** Whole, above every earlier one of the table. */
  readonly generation: number;
}

/** See `enum entry_state` in native/keeper/wire.h; they follow each other in this order, some may be left out. */
export type EntryState = 'starting' | 'running' | 'exited' | 'empty';

/** How a process ended. `core` says that it left a core dump. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: number; readonly core: boolean }
  /** It never ran: `stage` of `EXEC_STAGES` failed with this errno. */
  | {
      readonly kind: 'not-executed';
      readonly stage: ExecStage;
      readonly errno: number;
      readonly code: string;
    }
  /** It has ended and nobody alive could know how. */
  | { readonly kind: 'unknown' };

/** The stages between the request and the first instruction, in their order. */
export const EXEC_STAGES = [
  'request',
  'fork',
  'cgroup',
  'session',
  'tty',
  'rlimit',
  'nice',
  'oom',
  'user',
  'cwd',
  'privileges',
  'descriptors',
  'exec',
] as const;
export type ExecStage = (typeof EXEC_STAGES)[number];

/** Resources that a process used in its life: times in microseconds, memory in KiB. */
export interface ResourceUsage {
  readonly userUs: number;
  readonly systemUs: number;
  readonly maxRssKib: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly blocksIn: number;
  readonly blocksOut: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** What the table says of one spawn at one instant. */
export interface ProcessEntry extends ProcessRef {
  readonly label: string;
  readonly state: EntryState;
  /** The last state for which `acknowledge` was called, `undefined` before the first. */
  readonly acknowledged: EntryState | undefined;
  readonly pid: number;
  /** Start time in clock ticks after boot: with the pid it names a process for good. */
  readonly startTicks: number;
  /** CLOCK_MONOTONIC in milliseconds. */
  readonly startedAtMs: number;
  readonly tree: 'cgroup' | 'minder';
  /** The minder died; what was below it has been killed. */
  readonly minderLost: boolean;
  /** The two words of the spawn order. */
  readonly tags: readonly [bigint, bigint];
  /** Present from `exited` on. */
  readonly end?: ProcessEnd;
  readonly endedAtMs?: number;
  readonly usage?: ResourceUsage;
  /** The pipes that the spawn order named. */
  readonly outputPipe?: PipeIdentity;
  readonly errorPipe?: PipeIdentity;
}

/** A process of a tree, by proc(5). */
export interface TreeMember {
  readonly pid: number;
  readonly parent: number;
  /** One letter: `R`, `S`, `D`, `T`, `t`, `I`. */
  readonly state: string;
  /** The words with which it was started, a character a byte; its name in brackets where it has none. */
  readonly words: readonly string[];
}

/** A child exists. Whether its exec succeeds is told by a change to `running` or `exited`. */
export interface Spawned extends ProcessRef {
  readonly pid: number;
  readonly startTicks: number;
  readonly startedAtMs: number;
}

/** The keeper refused: `stage` where a spawn got so far, else undefined. */
export interface Refusal {
  readonly code: string;
  readonly errno: number;
  readonly stage: ExecStage | undefined;
}

export type SignalScope = 'main' | 'group' | 'tree';

/** How the archond before this one ended. Silent: the keeper killed it, having heard nothing of it for too long. */
export type EndBefore =
  Exclude<ProcessEnd, { readonly kind: 'not-executed' | 'unknown' }> | { readonly kind: 'silent' };

/** What the keeper says when archond has greeted it. */
export interface Welcome {
  readonly tree: 'cgroup' | 'minder';
  readonly keeperPid: number;
  readonly epoch: number;
  /** The limit of open descriptors that children get. */
  readonly descriptorLimit: { readonly soft: number; readonly hard: number };
  /** Undefined in the first epoch. */
  readonly before: EndBefore | undefined;
  /** None of those before came up, each by a fault of its own: what the journal got last may be the reason. */
  readonly isToSetAside: boolean;
}

/** What the keeper tells of itself. Set once, before `hello`. */
export interface KeeperListener {
  /** A spawn has reached this state (or a later one: read the entry). May be told again. */
  changed(ref: ProcessRef, state: EntryState): void;
  /** A signal was sent to the keeper; `count` grows with each. Told until `signalNoted(signal, count)`. */
  signalled(signal: number, count: number): void;
  /** Orphans have ended; `sequence` is one more than that of the last. */
  orphaned(sequence: number): void;
  /** The channel is closed: the keeper is gone. */
  gone(): void;
}

export type Answer<T> = (result: Result<T, Refusal>) => void;

/** The parent of every process; see docs/keeper.org. Requests are carried out in the order in which they are made. */
export interface Keeper {
  listen(listener: KeeperListener): void;
  hello(done: Answer<Welcome>): void;
  /** The highest generation that the keeper has accepted so far, 0 at first. */
  lastGeneration(): number;
  spawn(order: SpawnOrder, done: Answer<Spawned>): void;
  /** Answers with the number of processes that were signalled; of an empty tree 0. `ESRCH` for main and group once the main process has ended. */
  signal(ref: ProcessRef, signal: number, scope: SignalScope, done: Answer<number>): void;
  /** The same with SIGCONT behind it, so that what stands still (SIGSTOP) hears the signal too. */
  signalAndWake(ref: ProcessRef, signal: number, scope: SignalScope, done: Answer<number>): void;
  /** SIGKILL to the whole tree until it is empty, which is told as `changed(ref, 'empty')`. */
  kill(ref: ProcessRef, done: Answer<number>): void;
  /** All spawns that have not been freed, in the order of their index. */
  entries(): readonly ProcessEntry[];
  /** The spawn as the table has it now, or undefined where it is unknown or freed. */
  entry(ref: ProcessRef): ProcessEntry | undefined;
  /** The processes of the spawn's tree that have not ended, in no order; none where it is over. Read without holding up anybody. */
  members(ref: ProcessRef, done: (members: readonly TreeMember[]) => void): void;
  /** What the trees of spawns use. Read without holding up anybody. */
  consumption(refs: readonly ProcessRef[], done: (read: Consumptions) => void): void;
  /** Notes in the table that archond has recorded this state. */
  acknowledge(ref: ProcessRef, state: EntryState): void;
  /** Gives the entry back. It must be `empty` and acknowledged so, else `EBUSY`. */
  free(ref: ProcessRef, done: Answer<number>): void;
  /** Deposits a copy of the descriptor; it outlives archond. A name in use is `EEXIST` unless `replace`. */
  store(name: string, descriptor: Descriptor, replace: boolean, done: Answer<number>): void;
  drop(name: string, done: Answer<number>): void;
  /** All deposited descriptors, as copies that the caller owns. */
  kept(done: Answer<readonly { readonly name: string; readonly descriptor: Descriptor }[]>): void;
  /** The socket answers: the keeper may tell whoever waits for it. */
  ready(done: Answer<number>): void;
  /** The loop goes round. An archond of which the keeper hears nothing at all for half a minute is killed. */
  beat(): void;
  signalNoted(signal: number, count: number): void;
  /** The end of an orphan by its pid, newest first, from the ring of the last 1,024. */
  orphanEnd(pid: number): { readonly end: ProcessEnd; readonly endedAtMs: number } | undefined;
  /** The keeper kills what is left and ends with this code; archond is to end then. */
  quit(code: number, done: Answer<number>): void;
}

/** Who is at the other end of a connection (unix(7), SO_PEERCRED). */
export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Sockets {
  /**
   * Binds `path` (a stale socket file is removed first; one that answers is `EADDRINUSE`), sets its
   * mode before anyone can connect, and listens anew, so that SO_PEERCRED at clients names this process.
   */
  listen(path: string, mode: number, accept: (connection: Connection) => void): Result<Listening, SysError>;
  connect(path: string): Result<Connection, SysError>;
}

export interface Listening {
  /** Changes who may connect: the mode of the socket file, if it is still the one that was bound. */
  setMode(mode: number): Result<undefined, SysError>;
  /** Stops listening and removes the socket file if it is still the one that was bound. */
  close(): void;
}

/** What arrives on a connection. */
export interface ConnectionListener {
  /** Bytes of one read, valid during the call only, and the descriptors that came with them, owned by the callee. `truncated`: the kernel had to drop descriptors. */
  data(bytes: Uint8Array, descriptors: readonly Descriptor[], truncated: boolean): void;
  /** The peer will send nothing more, but may still read. */
  ended(): void;
  /** The peer is gone (hang-up or failed write); nothing comes after this. */
  gone(): void;
  /** What was queued has been written. */
  drained(): void;
}

/** A stream socket that carries descriptors. */
export interface Connection {
  readonly peer: Credentials;
  listen(listener: ConnectionListener): void;
  /** Queues bytes; descriptors are duplicated for sending, ride on the first byte of a sendmsg of its own, and stay the caller's. */
  write(bytes: Uint8Array, descriptors?: readonly Descriptor[]): void;
  /**
   * Bytes queued that the kernel does not take now; `Infinity` where the peer turns out to be gone before all was taken, which
   * `gone` tells afterwards, and from then on until it is closed.
   */
  queuedBytes(): number;
  /**
   * Supplementary groups that the peer had when it connected (unix(7), SO_PEERGROUPS), the primary one among
   * them or not. None where the kernel does not tell, or the connection is closed.
   */
  peerGroups(): readonly number[];
  /** Nothing is written any more: the peer sees the end behind what is queued (shutdown(2)). What it sends is read as before. */
  endOutput(): void;
  /** No data is read (nor `ended` told) until `resume`; `gone` is told all the same. */
  pause(): void;
  resume(): void;
  /** Writes what is queued, then closes; with `now`, closes at once. No listener is called afterwards. */
  close(now?: boolean): void;
}

export interface Descriptors {
  close(descriptor: Descriptor): void;
  duplicate(descriptor: Descriptor): Result<Descriptor, SysError>;
  /** What it is: `pidfd`, `socket`, `pipe`, `file`, `folder`, `character`, `block`, `other`. */
  kindOf(descriptor: Descriptor): Result<string, SysError>;
  openNull(): Result<Descriptor, SysError>;
  /** Calls back again and again while there is something to read, or once more at its end. The descriptor stays the caller's, who cancels before closing it. */
  whenReadable(descriptor: Descriptor, ready: () => void): Cancel;
  /** What can be read now without waiting, at most 64 KiB; none at the end; `EAGAIN` where there is nothing now. */
  readNow(descriptor: Descriptor): Result<Uint8Array, SysError>;
  /** The same of a pipe, in which it stays; `EAGAIN` at its end too. */
  peekNow(pipe: Descriptor): Result<Uint8Array, SysError>;
  /** A pipe that holds these bytes and nothing more (a memfd where they are more than a pipe takes). */
  holding(bytes: Uint8Array): Result<Descriptor, SysError>;
}

/** A user as the system's own databases know it (getpwnam(3), getgrouplist(3)). */
export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** All groups, the primary one among them. */
  readonly groups: readonly number[];
}

/** Looked up on another thread: a directory service that does not answer holds up nothing. */
export interface Users {
  /** By name, or by number where the text is one; undefined where there is none. */
  user(nameOrUid: string, done: (user: UserEntry | undefined) => void): void;
  /** The number of a group, by name or number. */
  group(nameOrGid: string, done: (gid: number | undefined) => void): void;
}

export interface Files extends StoredFiles {
  /** Opens a plain file for reading only, to be handed on; what is none is `EINVAL`. The descriptor is the caller's. */
  openToRead(path: string): Result<{ readonly descriptor: Descriptor; readonly sizeBytes: number }, SysError>;
  /** Makes the folder (and those above it) with this mode if it is missing; `EPERM` where it belongs to somebody else or others may write to it. */
  ensureFolder(path: string, mode: number): Result<undefined, SysError>;
  /** The first folder on the way to what is in `folder` that not everybody may pass, by its mode; undefined where all may be passed, or nothing is known. */
  closedFolder(folder: string): string | undefined;
  /** Whether there is anything at this path, of whatever kind, links followed; looked up on another thread. `done` gets the errno's name where there is not. */
  exists(path: string, done: (why: string | undefined) => void): Cancel;
}
