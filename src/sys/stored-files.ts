import type { Result } from '../base/result.ts';
import type { SysError } from './sys.ts';

/** What statx(2) says of a file. Device and inode together name it until it is gone, with `madeAtNs` for good. */
export interface FileStatus {
  /** Whether it is a plain file: what is not may make its reader wait. */
  readonly isPlain: boolean;
  readonly sizeBytes: number;
  readonly device: bigint;
  readonly inode: bigint;
  /** When it was made, nanoseconds since 1970; 0 where the file system does not know. */
  readonly madeAtNs: bigint;
  /** When bytes were written to it last, nanoseconds since 1970. */
  readonly changedAtNs: bigint;
}

/** How far a write came: all bytes where there is no error. */
export interface Written {
  readonly bytes: number;
  readonly error: SysError | undefined;
}

/** A plain file that is open to be written at its end (O_APPEND). It stays the same file when its name changes. */
export interface AppendFile {
  /** Writes everything with as few write(2) as the kernel needs, or fails after some of the bytes. */
  write(bytes: Uint8Array): Written;
  /** ftruncate(2), also to make the file longer by zeros. */
  truncate(sizeBytes: number): Result<undefined, SysError>;
  status(): Result<FileStatus, SysError>;
  /**
   * fdatasync(2) on another thread: what was written before this call outlives a loss of power when
   * `done` says so. `close` may be called meanwhile.
   */
  sync(done: (result: Result<undefined, SysError>) => void): void;
  /** The same, waiting for the disk: only for what has to be certain before archond does anything at all. */
  syncNow(): Result<undefined, SysError>;
  /** Nothing may be called afterwards, but `close` again. */
  close(): void;
}

/** Small files in folders of archond's own. Nothing waits for a disk but `syncNow` and, where pages are not cached, `read`. */
export interface StoredFiles {
  /** Opens the file, made with this mode whatever the umask says where it is missing. */
  openToAppend(path: string, mode: number): Result<AppendFile, SysError>;
  /** So many bytes from `offsetBytes` on (pread(2)); fewer only where the file ends. They are the caller's. */
  read(path: string, offsetBytes: number, lengthBytes: number): Result<Uint8Array, SysError>;
  /** The names in the folder, in no order, without `.` and `..`. */
  list(folder: string): Result<readonly string[], SysError>;
  /** rename(2): what had the new name is gone, and at no instant is there neither. */
  rename(from: string, to: string): Result<undefined, SysError>;
  /** unlink(2). */
  remove(path: string): Result<undefined, SysError>;
  status(path: string): Result<FileStatus, SysError>;
  /** fsync(2) of a folder on another thread: names made, changed and removed before this call are on the disk. */
  syncFolder(folder: string, done: (result: Result<undefined, SysError>) => void): void;
}
