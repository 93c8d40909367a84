import type { Result } from '../base/result.ts';
import type { Cancel, Descriptor, SysError } from './sys.ts';

/** What names a pipe. */
export interface PipeIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** Output of processes on its way to files, without entering the JavaScript heap. */
export interface Output {
  /** A pipe whose writing end is open for reading too, so that no reader's death ends the writer; owned by `uid`. */
  pipe(
    uid: number,
  ): Result<
    { readonly read: Descriptor; readonly write: Descriptor; readonly identity: PipeIdentity },
    SysError
  >;
  /** A writing end, as `pipe` makes it, for a pipe of which only the reading end is at hand. */
  reopen(read: Descriptor): Result<{ readonly write: Descriptor; readonly identity: PipeIdentity }, SysError>;
  /**
   * The reading end of a pipe that a process has open as its standard output or error, where it is this one; `ENOENT`
   * where it has it as neither. What is left of a pipe that nobody holds any more.
   */
  ofProcess(pid: number, pipe: PipeIdentity): Result<Descriptor, SysError>;
  /**
   * Appends what comes out of the pipe to the file, which is made at the first byte, with the folders above it,
   * and again when it was removed. Beside it grows the index of its times, and it is rotated (docs/logs.org).
   */
  copy(
    pipe: Descriptor,
    path: string,
    mode: number,
    failed: (error: SysError) => void,
    keeping?: Keeping,
  ): Copying;
  /** Memory in which a copying counts what it drops, for whoever goes on with the pipe when this process has died. */
  tally(): Result<Descriptor, SysError>;
}

/** What a log may become. */
export interface LogLimits {
  /** From which size on it is set aside; 0: never. */
  readonly maxBytes: number;
  /** What the file cannot take is dropped and counted, and does not hold up whoever writes it. */
  readonly drops: boolean;
}

/** How what is written is kept, and who is told of it, never inside a call. */
export interface Keeping {
  /** Default: never set aside, never dropped. */
  readonly limits?: LogLimits;
  /** It is the output of a command that is run once: a new file is marked as such. */
  readonly isOneOff?: boolean;
  /** So many files were set aside, each as `<path>~old/<number>`. */
  readonly rotated?: (files: number) => void;
  /** It cannot be set aside now, and is written on. */
  readonly notRotated?: (error: SysError) => void;
  /** So much was dropped, and the file, which goes on, says so. A successor is told again where this was not returned from. */
  readonly dropped?: (missing: Missing) => void;
}

/** What a log could not take. A line counts of which any part is missing. */
export interface Missing {
  readonly bytes: number;
  readonly lines: number;
}

export interface Copying {
  /** Moves all that the pipe holds now, before it returns; false where the file could not take it, be it dropped or not. */
  drain(): boolean;
  /** A path by which the file that it writes to can be read now, whatever name it has by then; undefined where there is none. */
  readonly openPath: string | undefined;
  /** What comes is dropped at present: nothing waits in the pipe. */
  readonly isDropping: boolean;
  readonly copiedBytes: number;
  limit(limits: LogLimits): void;
  /** What comes from now on goes to whatever has the name of the file by then; the rest of a line to where the line is. */
  reopen(): void;
  /**
   * Counts what it drops in the memory of a `tally` from now on, and goes on with what an earlier copying of the pipe counted
   * there. The descriptor stays the caller's, and is not closed before the copying is.
   */
  count(tally: Descriptor): Result<undefined, SysError>;
  /** Nobody is going to have what the file did not take: drops what is in the pipe. All that was dropped and not told of yet. */
  giveUp(): Missing;
  /** Calls back, never inside a call, after bytes have come to the file; those of a moment are told of together. */
  whenMoved(told: () => void): Cancel;
  /** Stops; the pipe's descriptor is closed, what is in it stays in it. */
  close(): void;
}
