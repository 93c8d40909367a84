import type { SocketAddress, SpawnOrder, Sys } from '../../../src/sys/sys.ts';

/**
 * What an implementation of `Sys`, or the machine below it, may be unable to show. A test that needs
 * one that is missing is listed as skipped, with the reason in its title.
 */
export type Capability =
  /** Children may be given another user. */
  | 'other-user'
  /** `restart` works: archond can be killed under the tests. */
  | 'restart'
  /** The kernel tells the exit code of a process that is not a child (PIDFD_GET_INFO). */
  | 'ends-of-strangers'
  /** Trees can be kept together by cgroups. */
  | 'cgroup'
  /** Trees can be limited by the controllers of cgroup2. */
  | 'controllers';

/** How a command is named in an order. */
export type Command = Pick<SpawnOrder, 'argv' | 'paths'>;

/** One command for each way to behave. What they write goes to their standard output. */
export interface Commands {
  exits(code: number): Command;
  /** Dies by this signal, without a core dump. */
  dies(signal: number): Command;
  /** Runs until a signal ends it; handles none. */
  sleeps(): Command;
  /** Writes the text, which is plain ASCII without quotes, and exits with 0. */
  says(text: string): Command;
  /** Writes each of its words behind the name, followed by NUL, and exits with 0. */
  tellsWords(words: readonly Uint8Array[]): Command;
  /** Writes its environment, each string followed by NUL, and exits with 0. */
  tellsEnvironment(): Command;
  /** Writes the lines of `Facts`, and exits with 0. */
  tellsFacts(): Command;
  /** Copies what is in its descriptor `from`, and exits with 0 at the end of it. */
  copies(from: number): Command;
  /** Writes `ready`, and exits with this code at SIGTERM. */
  exitsAtTerm(code: number): Command;
  /** Ignores SIGTERM; so does its daemon: forked twice, in a session of its own, its environment cleared. Then `ready`. */
  stubborn(): Command;
  /** Exits with this code, and leaves a daemon behind that does nothing. */
  leavesDaemon(code: number): Command;
  /** Exits with 0; an orphan of its writes its pid and exits with this code. */
  leavesOrphan(code: number): Command;
  /** One process beside it in its group, one in a session of its own; then it has written `near` and `far`. */
  family(): Command;
  /** A file that exists and may not be executed. */
  forbidden(): Command;
}

/**
 * What `tellsFacts` writes: lines `key=value` of `pid` `group` `session` `cwd` `umask` (octal, four
 * digits) `uid` `gid` `groups` (numbers between blanks) `nice` `oom` `no-new-privileges` `ignored`
 * `blocked` (signals, hexadecimal) `files-soft` `files-hard`, then `descriptors:` and a line for each
 * number that is open.
 */
export type Facts = ReadonlyMap<string, string>;

/** A client that shares no code with the `Sys` under test. What comes to it, its end too, rings. */
export interface Client {
  send(bytes: Uint8Array | string): void;
  /** It will send nothing more, and still reads. */
  endWriting(): void;
  /** It is gone at once. */
  vanish(): void;
  stopReading(): void;
  startReading(): void;
  received(): Buffer;
  /** The other side has said that it will send nothing more, or is gone. */
  ended(): boolean;
}

/** Who connects: any numbers, whether or not there is such a user. */
export interface Visitor {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** A process that is no child of the keeper, with a parent that reaps it soon after its end. */
export interface Stranger {
  readonly pid: number;
  exit(code: number): void;
}

/** What somebody has asked who waits for an answer. */
export interface Question {
  /** The first message of the answer and how many descriptors came with it; `gone` where nobody can answer any more. */
  answer(): { readonly text: string; readonly descriptors: number } | 'gone' | undefined;
  /** It is not waited for any more. */
  giveUp(): void | Promise<void>;
}

/** An HTTP server on the loopback that answers everything with one status. */
export interface Server {
  readonly port: number;
  close(): void | Promise<void>;
}

/** One keeper with one archond, whose `Sys` is under test, in a folder of its own. */
export interface Harness {
  /** The `Sys` of the present archond; nobody has spoken to its keeper yet. */
  readonly sys: Sys;
  /** An empty folder, owned by whoever runs this, writable by nobody else. */
  readonly folder: string;
  readonly commands: Commands;
  /**
   * Lets something happen: true once anything may have changed, false when nothing ever will, or the
   * deadline of the test has come. The fake makes one step; the real one waits as `Bell` does.
   */
  turn(): boolean | Promise<boolean>;
  /** A callback of `Sys` has come. */
  ring(): void;
  /** Kills archond and gives the `Sys` of its successor, to which nobody has spoken yet. Needs `restart`. */
  restart(): Sys | Promise<Sys>;
  /** The keeper stands still: what is asked of it stays unread. */
  haltKeeper(): void | Promise<void>;
  /** The keeper is killed; nothing can be asked of it any more. */
  killKeeper(): void;
  connect(path: string): Client | Promise<Client>;
  /** Somebody else connects, says `here` and stays; the folder lets everyone pass from then on. Needs `other-user`. */
  visit(folder: string, name: string, visitor: Visitor): void | Promise<void>;
  stranger(): Stranger | Promise<Stranger>;
  /** A process says this on a notification socket, with a descriptor of `/dev/null` if wanted; its pid. */
  notify(path: string, text: string, withDescriptor?: boolean): number | Promise<number>;
  /** A process asks this on a socket of notices, and sends along where it waits for the answer. */
  ask(path: string, text: string): Question | Promise<Question>;
  /** Somebody connects there, and waits to be accepted. */
  knock(address: SocketAddress): void | Promise<void>;
  serve(status: number): Server | Promise<Server>;
  signalKeeper(signal: number): void;
  /** What a file holds, `undefined` where there is none. */
  readFile(path: string): Uint8Array | undefined;
  makeFolder(path: string): void;
  /** Anything at all at this path, a socket too? */
  exists(path: string): boolean;
  /** The mode of a file, without its kind. */
  modeOf(path: string): number;
  /** Is there a process with this pid that has not ended? */
  isAlive(pid: number): boolean;
  /** How many descriptors archond has open, its connections included. */
  openDescriptors(): number;
  /** Ends everything, and removes the folder. */
  close(): void | Promise<void>;
}

/** An implementation of `Sys` as the suite sees it. */
export interface Implementation {
  readonly name: string;
  /** `true`, or why not. */
  readonly capabilities: Readonly<Record<Capability, true | string>>;
  make(): Harness | Promise<Harness>;
}
