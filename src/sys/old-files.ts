import type { Result } from '../base/result.ts';
import type { Cancel, SysError } from './sys.ts';

/** What is in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Files that nobody writes to any more, and may be large: all of it happens on other threads and holds up nobody. */
export interface OldFiles {
  /**
   * Writes what a file holds to another, which is made or overwritten, as gzip(1) does; it is on the disk when `done` says
   * so. What there is of it after an error, a death, or when it was given up, is the caller's to remove.
   */
  compress(
    from: string,
    to: string,
    mode: number,
    done: (result: Result<undefined, SysError>) => void,
  ): Cancel;
  /**
   * What a plain file holds, or held before it was compressed, from an offset on, piece by piece; a failure is the last. What
   * was open is read to its end, whatever becomes of its name.
   */
  content(
    path: string,
    isCompressed: boolean,
    fromBytes: number,
  ): AsyncIterable<Result<Uint8Array, SysError>>;
  /** Removes a file or a folder with all that is in it; none is as good. */
  discard(path: string, done: (result: Result<undefined, SysError>) => void): void;
  /** What is in a folder, in no order; links are none. */
  entries(folder: string, done: (result: Result<readonly FolderEntry[], SysError>) => void): void;
}
