import { existsSync } from 'node:fs';
import path from 'node:path';

/** What a native function answers: at -4096 and below a failure (see `nativeFailure`), else a value. */
export type Answer = number;

/**
 * The functions of native/helper (docs/helper.org). Descriptors are numbers, paths are bytes
 * without NUL. A *slot* names what is watched: it is free again after `GONE`, `CLOSED` and `PROCESS`,
 * or when it was closed. Lists of numbers travel in the `numbers` of `start`.
 */
export interface Native {
  /** Names of the calls that can fail. */
  readonly calls: readonly string[];
  /** Where events go (called once): their kind of `NATIVE_EVENT`, the slot, and two numbers. */
  start(
    dispatch: (event: number, slot: number, a: number, b: number) => void,
    receive: Uint8Array,
    numbers: Int32Array,
  ): void;

  /** A slot that tells `ACCEPTED` and `FULL`. */
  listen(path: Uint8Array, mode: number): Answer;
  /** 1 where it accepts again, 0 where there are still no descriptors. */
  resumeAccept(slot: number): number;
  unlisten(slot: number): void;
  /** A slot like those of `ACCEPTED`; pid, uid and gid of who listens in `numbers`. */
  connect(path: Uint8Array): Answer;
  /** Begins, stops or goes on reading. */
  read(slot: number, wanted: 0 | 1): Answer;
  /** Queues; with so many descriptors of `numbers`. 1: `flush` is to be called when the step is over. */
  write(slot: number, bytes: Uint8Array, descriptorCount: number): Answer;
  flush(): void;
  queued(slot: number): number;
  /** 1: `flush` is to be called when the step is over. */
  endOutput(slot: number): number;
  /** 32 bits for each supplementary group of the peer. */
  peerGroups(slot: number): Uint8Array | Answer;
  /** 1: closed. 0: `CLOSED` will tell. */
  closeStream(slot: number, now: 0 | 1): number;

  /** A slot that owns the seqpacket socket and tells `MESSAGES` and `GONE`. */
  openChannel(descriptor: number): Answer;
  send(slot: number, message: Uint8Array, descriptorCount: number): Answer;
  closeChannel(slot: number): void;
  sealedMemfd(bytes: Uint8Array, length: number): Answer;
  /** The file behind the descriptor, mapped whole, shared and writable. */
  mapShared(descriptor: number): ArrayBuffer | Answer;

  openPidfd(pid: number): Answer;
  /** Its pid, -1 when it has been reaped, 0 where its pid namespace is not seen from here. */
  pidOfPidfd(descriptor: number): Answer;
  signalPidfd(descriptor: number, signal: number): Answer;
  /** A slot that tells `UNREAPED` perhaps, and `PROCESS` once. The descriptor stays the caller's, and open. */
  watchProcess(descriptor: number): Answer;
  unwatchProcess(slot: number): void;

  /** Both ends in `numbers`: the reading one, the writing one. */
  pipe(uid: number): Answer;
  reopenPipe(descriptor: number): Answer;
  /** A slot that owns the pipe's descriptor and tells `COPY`. `oneOff`: a new file is marked as that of a command run once. */
  copy(pipe: number, path: Uint8Array, mode: number, oneOff: 0 | 1): Answer;
  /** From which size on its file is rotated (0: never), and whether it drops what the file cannot take. */
  limitCopy(slot: number, maxBytes: number, drops: 0 | 1): void;
  /** What comes from now on goes to whatever has the file's name. */
  reopenCopy(slot: number): void;
  /**
   * 1 where something has happened since it was taken last. In `numbers` then, where it is taken: how many files were set
   * aside; the failure of a rotation, or 0; bytes that were dropped, low word and high word; lines that were, likewise.
   */
  copyNews(slot: number, take: 0 | 1): 0 | 1;
  /** Memory in which a copying counts what it drops: a descriptor of it. */
  makeTally(): Answer;
  /** Counts there from now on, and goes on with what an earlier copying dropped. The descriptor stays the caller's, and open. */
  tallyCopy(slot: number, memory: number): Answer;
  /** What `copyNews` or `giveUpCopy` said was dropped stands in an event: it is not said again, not to a successor either. */
  toldDropped(slot: number): void;
  /** Drops what is in the pipe. In `numbers`: bytes that were dropped and `copyNews` has not said, in two words, and lines. */
  giveUpCopy(slot: number): void;
  /** The descriptor of the file that it writes to, which stays its own; -1 where none is open. */
  copyFile(slot: number): number;
  /** Whether it drops what comes, at present. */
  isDropping(slot: number): 0 | 1;
  drainCopy(slot: number): Answer;
  copiedBytes(slot: number): number;
  closeCopy(slot: number): void;
  /** Whether `COPY` is to tell, with 0, each time bytes have come to the file. It tells with 0 and 1 of news in any case. */
  tellCopy(slot: number, wanted: 0 | 1): void;

  /** A slot that tells `READABLE` for as long as that is so. The descriptor stays the caller's, and open. */
  watchReadable(descriptor: number): Answer;
  unwatchReadable(slot: number): void;
  /** Bytes of it read into the shared buffer; 0 at its end, a failure with EAGAIN where there is nothing now. */
  readNow(descriptor: number): Answer;
  /** Bytes that are in the pipe, in the shared buffer; they stay in the pipe. A failure with EAGAIN where there are none. */
  peekNow(pipe: number): Answer;
  /** For that user alone, or for everybody: -1. */
  openNotices(path: Uint8Array, uid: number): Answer;
  /** Bytes of the next datagram in the shared buffer, and its sender in `numbers`; it stays where it is. */
  peekNotice(socket: number): Answer;
  /** A socket for datagrams to whoever has bound that path. */
  connectNotices(path: Uint8Array): Answer;
  /** Takes it away; its descriptors are in `numbers`. */
  takeNotice(socket: number): Answer;
  /** One message on a socket, with so many descriptors of `numbers`; never waits. */
  answerNotice(socket: number, bytes: Uint8Array, descriptorCount: number): Answer;

  /** A bound socket. `options`: 1 for datagrams, 2 for SO_REUSEPORT; `host` is a number, or a path. */
  bindPort(host: Uint8Array, port: number, options: number, backlog: number): Answer;
  /** Bytes of the host of a bound socket in the shared buffer; in `numbers` the port, and 1 where it is one of datagrams. */
  portAddress(descriptor: number): Answer;

  /** A socket that this process has bound there, where it can be had (pidfd_getfd(2)): `ENOENT` where it has none. */
  regainPort(pid: number, host: Uint8Array, port: number, options: number): Answer;

  closeDescriptor(descriptor: number): void;
  duplicate(descriptor: number): Answer;
  setCloseOnExec(descriptor: number, wanted: 0 | 1): Answer;
  /** An index of `DESCRIPTOR_KINDS`. */
  kindOf(descriptor: number): Answer;
  holding(bytes: Uint8Array): Answer;
  /** Standard output and error go to the end of this file from now on. */
  sendOutputTo(path: Uint8Array): Answer;
  /** Soft and hard limit in `numbers`, -1 for none. */
  descriptorLimit(): Answer;
  /** Columns of a terminal, 0 where it does not know them; -1 where the descriptor is none. */
  terminalColumns(descriptor: number): number;
  terminalRows(descriptor: number): number;
  /** Keys come one by one from now on; bytes for `leaveTerminal`. */
  takeTerminal(descriptor: number): Uint8Array | Answer;
  leaveTerminal(descriptor: number, found: Uint8Array): Answer;

  /** CLOCK_REALTIME in nanoseconds. */
  realtimeNs(): bigint;

  /** Calls `done` with uid, gid, name and groups (32 bits each) of a user, or with 0 and the gid of a group; -1 first: there is none. */
  lookUp(
    group: 0 | 1,
    name: Uint8Array,
    number: number,
    done: (uid: number, gid: number, name: string, groups: Uint8Array) => void,
  ): boolean;
  /**
   * Calls `done` with what each of the targets uses: 8 numbers each, which stand in native/helper/consumption.c, and behind
   * them the milliseconds of processor that reading took, as doubles. A target is `c` and the folder of a cgroup, `m` and the
   * pid of a minder, or `p` and the pid of a process alone, and NUL. False: there is no memory for it.
   */
  consumptions(targets: Uint8Array, done: (figures: ArrayBuffer) => void): boolean;
  /** The same at once; undefined where there are more processes than these, or there is no memory for it. */
  consumptionsNow(targets: Uint8Array, mostProcesses: number): ArrayBuffer | undefined;
  /** Becomes another program; `argv` and `env` are strings ended by NUL each, `kept` numbers of 4 bytes, which become `first` and so on (-1: stay as they are). Returns only a failure. */
  exec(path: Uint8Array, argv: Uint8Array, env: Uint8Array, kept: Uint8Array, first: number): Answer;
  /** _exit(2). */
  exit(code: number): never;
}

/** `enum event` of native/helper/helper.h; a and b are told there. */
export const NATIVE_EVENT = {
  ACCEPTED: 1,
  DATA: 2,
  ENDED: 3,
  GONE: 4,
  DRAINED: 5,
  CLOSED: 6,
  MESSAGES: 7,
  PROCESS: 8,
  UNREAPED: 9,
  COPY: 10,
  FULL: 11,
  READABLE: 12,
} as const;

/** The compiled helper, seen from this file in src/sys and dist/sys, and from a program bundled into a folder of dist. */
const HELPER = path.join(import.meta.dirname, '../../build/native/helper.node');

/** What `require` does, without the module that finds modules: its loading takes a millisecond. */
function load(): Native {
  const module = { exports: {} };
  if (!existsSync(HELPER)) {
    throw new Error('the native helper is not built: run `npm run build`, which needs a C compiler');
  }
  process.dlopen(module, HELPER);
  return module.exports as Native;
}

/** The helper, loaded when this module is. Throws where it has not been built. */
export const native: Native = load();
