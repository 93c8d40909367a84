import * as fs from 'node:fs';
import { errnoNumber } from '../../base/errno.ts';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { AppendFile, Descriptor, FileStatus, StoredFiles, SysError, Written } from '../sys.ts';
import { thrownError } from './thrown-error.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_WRONLY } = fs.constants;

type Done = (result: Result<undefined, SysError>) => void;

/** Runs calls of node:fs; what they throw becomes a value. */
function attempt<T>(action: () => T): Result<T, SysError> {
  try {
    return ok(action());
  } catch (error) {
    return err(thrownError(error));
  }
}

function finished(error: NodeJS.ErrnoException | null): Result<undefined, SysError> {
  return error === null ? ok(undefined) : err(thrownError(error));
}

function statusOf(stats: fs.BigIntStats): FileStatus {
  return {
    isPlain: stats.isFile(),
    sizeBytes: Number(stats.size),
    device: stats.dev,
    inode: stats.ino,
    madeAtNs: stats.birthtimeNs,
    changedAtNs: stats.mtimeNs,
  };
}

/** A new file. It gets its mode whatever the umask says. */
function make(path: string, mode: number): Descriptor {
  const descriptor = fs.openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, mode);
  try {
    fs.fchmodSync(descriptor, mode);
    return descriptor;
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
}

function open(path: string, mode: number): Descriptor {
  try {
    return make(path, mode);
  } catch (error) {
    if (thrownError(error).code !== 'EEXIST') throw error;
    return fs.openSync(path, O_WRONLY | O_APPEND);
  }
}

function readAll(descriptor: Descriptor, offsetBytes: number, lengthBytes: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(lengthBytes);
  let length = 0;
  while (length < lengthBytes) {
    const got = fs.readSync(descriptor, bytes, length, lengthBytes - length, offsetBytes + length);
    if (got === 0) break;
    length += got;
  }
  return bytes.subarray(0, length);
}

/** A file under its descriptor, which stays open while a sync is under way: its number must not become another file's. */
class RealAppendFile implements AppendFile {
  readonly #descriptor: Descriptor;
  #syncing = 0;
  /** `close` was called. */
  #isClosed = false;
  /** The descriptor is still this file's. */
  #isHeld = true;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array): Written {
    this.#mustBeOpen('write');
    let written = 0;
    const result = attempt(() => {
      // EINTR does not come up to here: libuv tries again.
      while (written < bytes.length) {
        const taken = fs.writeSync(this.#descriptor, bytes, written, bytes.length - written);
        if (taken === 0) return false;
        written += taken;
      }
      return true;
    });
    if (!result.ok) return { bytes: written, error: result.error };
    // A file that takes nothing and does not say why would be asked for ever.
    const error = result.value ? undefined : { code: 'EIO', errno: errnoNumber('EIO') ?? 0, call: 'write' };
    return { bytes: written, error };
  }

  truncate(sizeBytes: number): Result<undefined, SysError> {
    this.#mustBeOpen('truncate');
    return attempt(() => {
      fs.ftruncateSync(this.#descriptor, sizeBytes);
      return undefined;
    });
  }

  status(): Result<FileStatus, SysError> {
    this.#mustBeOpen('status');
    return attempt(() => statusOf(fs.fstatSync(this.#descriptor, { bigint: true })));
  }

  sync(done: Done): void {
    this.#mustBeOpen('sync');
    this.#syncing += 1;
    fs.fdatasync(this.#descriptor, (error) => {
      this.#syncing -= 1;
      this.#closeIfIdle();
      done(finished(error));
    });
  }

  syncNow(): Result<undefined, SysError> {
    this.#mustBeOpen('syncNow');
    return attempt(() => {
      fs.fdatasyncSync(this.#descriptor);
      return undefined;
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (!this.#isClosed || !this.#isHeld || this.#syncing > 0) return;
    this.#isHeld = false;
    // close(2) tells of failed writes on some network file systems only; whoever must know has synced before.
    attempt(() => {
      fs.closeSync(this.#descriptor);
    });
  }

  #mustBeOpen(call: string): void {
    if (this.#isClosed) throw new Error(`${call} of a file that is closed`);
  }
}

/** The part of `Sys.files` that reads and writes. */
export const storedFiles: StoredFiles = {
  openToAppend(path, mode): Result<AppendFile, SysError> {
    return attempt(() => new RealAppendFile(open(path, mode)));
  },

  read(path, offsetBytes, lengthBytes): Result<Uint8Array, SysError> {
    return attempt(() => {
      const descriptor = fs.openSync(path, O_RDONLY);
      try {
        return readAll(descriptor, offsetBytes, lengthBytes);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  },

  list(folder): Result<readonly string[], SysError> {
    return attempt(() => fs.readdirSync(folder));
  },

  rename(from, to): Result<undefined, SysError> {
    return attempt(() => {
      fs.renameSync(from, to);
      return undefined;
    });
  },

  remove(path): Result<undefined, SysError> {
    return attempt(() => {
      fs.unlinkSync(path);
      return undefined;
    });
  },

  status(path): Result<FileStatus, SysError> {
    return attempt(() => statusOf(fs.statSync(path, { bigint: true })));
  },

  syncFolder(folder, done): void {
    fs.open(folder, O_RDONLY | O_DIRECTORY, (failed, descriptor) => {
      if (failed !== null) {
        done(finished(failed));
        return;
      }
      fs.fsync(descriptor, (error) => {
        attempt(() => {
          fs.closeSync(descriptor);
        });
        done(finished(error));
      });
    });
  },
};
