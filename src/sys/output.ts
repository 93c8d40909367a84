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
   * and again when it was removed. Beside it grows the index of its times (docs/logs.org).
   */
  copy(pipe: Descriptor, path: string, mode: number, failed: (error: SysError) => void): Copying;
}

export interface Copying {
  /** Moves all that the pipe holds now, before it returns; false where the file could not take it. */
  drain(): boolean;
  readonly copiedBytes: number;
  /** Calls back, never inside a call, after bytes have come to the file; those of a moment are told of together. */
  whenMoved(told: () => void): Cancel;
  /** Stops; the pipe's descriptor is closed, what is in it stays in it. */
  close(): void;
}
