import { errnoNumber } from '../base/errno.ts';
import type { Result } from '../base/result.ts';
import { err, ok } from '../base/result.ts';
import type { AppendFile, FileStatus, StoredFiles, SysError, Written } from '../sys/sys.ts';

type Done = (result: Result<undefined, SysError>) => void;

const FIRST_BYTES = 16_384;

/** Nothing in memory can be synced; fdatasync(2) says this of what cannot. */
const UNSYNCABLE: SysError = { code: 'EINVAL', errno: errnoNumber('EINVAL') ?? 0, call: 'fdatasync' };
const MISSING: SysError = { code: 'ENOENT', errno: errnoNumber('ENOENT') ?? 0, call: 'open' };

class MemoryFile implements AppendFile {
  readonly #inode: bigint;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  constructor(inode: bigint) {
    this.#inode = inode;
  }

  write(bytes: Uint8Array): Written {
    const end = this.#length + bytes.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
    return { bytes: bytes.length, error: undefined };
  }

  truncate(sizeBytes: number): Result<undefined, SysError> {
    if (sizeBytes > this.#length) this.write(new Uint8Array(sizeBytes - this.#length));
    this.#length = sizeBytes;
    return ok(undefined);
  }

  status(): Result<FileStatus, SysError> {
    const times = { madeAtNs: 0n, changedAtNs: 0n };
    return ok({ isPlain: true, sizeBytes: this.#length, device: 0n, inode: this.#inode, ...times });
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    const end = Math.min(this.#length, offsetBytes + lengthBytes);
    return Buffer.from(this.#bytes.subarray(offsetBytes, Math.max(offsetBytes, end)));
  }

  sync(done: Done): void {
    queueMicrotask(() => {
      done(err(UNSYNCABLE));
    });
  }

  syncNow(): Result<undefined, SysError> {
    return err(UNSYNCABLE);
  }

  close(): void {
    // Whoever reads it by its path still can.
  }
}

/** Files that live and end with this process: the last place for what no disk takes. There is one folder, which always exists. */
export class MemoryFiles implements StoredFiles {
  readonly #files = new Map<string, MemoryFile>();
  #lastInode = 0n;

  ensureFolder(): Result<undefined, SysError> {
    return ok(undefined);
  }

  openToAppend(path: string): Result<AppendFile, SysError> {
    const found = this.#files.get(path);
    if (found !== undefined) return ok(found);
    this.#lastInode += 1n;
    const made = new MemoryFile(this.#lastInode);
    this.#files.set(path, made);
    return ok(made);
  }

  read(path: string, offsetBytes: number, lengthBytes: number): Result<Uint8Array, SysError> {
    const file = this.#files.get(path);
    return file === undefined ? err(MISSING) : ok(file.read(offsetBytes, lengthBytes));
  }

  list(folder: string): Result<readonly string[], SysError> {
    return ok([...this.#files.keys()].map((path) => path.slice(folder.length + 1)));
  }

  rename(from: string, to: string): Result<undefined, SysError> {
    const file = this.#files.get(from);
    if (file === undefined) return err(MISSING);
    this.#files.delete(from);
    this.#files.set(to, file);
    return ok(undefined);
  }

  remove(path: string): Result<undefined, SysError> {
    return this.#files.delete(path) ? ok(undefined) : err(MISSING);
  }

  status(path: string): Result<FileStatus, SysError> {
    return this.#files.get(path)?.status() ?? err(MISSING);
  }

  syncFolder(_folder: string, done: Done): void {
    queueMicrotask(() => {
      done(err(UNSYNCABLE));
    });
  }
}
