import type { Result } from '../base/result.ts';
import type { Cancel, Descriptor, ProcessEnd, SysError, TreeMember } from './sys.ts';

/** What processes use, by what the kernel says while it is asked; undefined is what it does not let this process see. */
export interface Consumption {
  /** User and system, of those processes too that have ended, as far as the kernel still counts them. */
  readonly cpuUs: number;
  readonly memoryBytes: number;
  /** Those that have not ended; at least 1. */
  readonly processes: number;
  readonly threads: number;
  /** That are open, all processes together. */
  readonly descriptors: number | undefined;
  /** What they had storage read and write so far, those that have ended and were waited for included (proc(5), `io`). */
  readonly readBytes: number | undefined;
  readonly writtenBytes: number | undefined;
}

/** What was asked for, in the order in which it was; undefined where nothing is left that could use anything. */
export interface Consumptions<C extends Consumption = Consumption> {
  readonly used: readonly (C | undefined)[];
  /** Milliseconds of processor that it took to read. */
  readonly costMs: number;
}

/** What a process alone uses, and for how long it has been there. */
export interface ProcessConsumption extends Consumption {
  readonly ageMs: number;
}

/** Descriptors of processes that need not be children (pidfd_open(2)). */
export interface Pidfds {
  open(pid: number): Result<Descriptor, SysError>;
  /** The pid behind a pidfd, -1 when it has been reaped; `EBADF` where it is no pidfd, `EINVAL` for a thread's. */
  pidOf(pidfd: Descriptor): Result<number, SysError>;
  /** The name that the process gives itself (`/proc/PID/comm`), undefined when it is gone. */
  nameOf(pid: number): string | undefined;
  /** Path of its program (`/proc/PID/exe`) and its command line with blanks between the words; each empty where it may not be seen. Bytes are characters. */
  programOf(pid: number): { readonly exe: string; readonly command: string };
  /** The process as `Keeper.members` tells of one, undefined when it has ended. Read without holding up anybody. */
  member(pid: number, done: (member: TreeMember | undefined) => void): void;
  /** What processes use, each alone. Read without holding up anybody. */
  consumption(pids: readonly number[], done: (read: Consumptions<ProcessConsumption>) => void): void;
  signal(pidfd: Descriptor, signal: number): Result<undefined, SysError>;
  /** Calls back once when the process has ended, with what the kernel lets this process know of it. */
  watch(pidfd: Descriptor, ended: (end: ProcessEnd) => void): Cancel;
}
