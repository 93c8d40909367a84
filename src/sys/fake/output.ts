import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Cancel, Copying, Descriptor, Output, PipeIdentity, SysError } from '../sys.ts';
import { sysError } from './errno.ts';
import { partly } from './faults.ts';
import { above } from './file-tree.ts';
import { Misuse } from './misuse.ts';
import type { PlainNode } from './disk.ts';
import { PipeEnd } from './pipe.ts';
import type { View } from './view.ts';

/** What `pipe` and `reopen` both give. */
interface NewPipe {
  readonly write: Descriptor;
  readonly identity: PipeIdentity;
}

const PIECE_BYTES = 65_536;
/** A record of the index: offset and time. */
const TIME_BYTES = 16;

/**
 * Bytes on their way from a pipe to a file. Where the file cannot take them, `failed` is called once,
 * the copying stands still and the bytes stay in the pipe; a `drain` that succeeds sets it going again.
 */
class FakeCopying implements Copying {
  copiedBytes = 0;
  readonly #view: View;
  readonly #descriptor: Descriptor;
  readonly #pipe: PipeEnd;
  readonly #path: string;
  readonly #mode: number;
  readonly #failed: (error: SysError) => void;
  readonly #unwatch: Cancel;
  readonly #mourned: Cancel;
  readonly #told = new Set<() => void>();
  #posted = false;
  #stuck = false;
  #closed = false;

  constructor(
    view: View,
    descriptor: Descriptor,
    path: string,
    mode: number,
    failed: (error: SysError) => void,
  ) {
    const pipe = view.descriptors.occupy(descriptor, 'output.copy');
    if (!(pipe instanceof PipeEnd)) throw new Misuse('output.copy of what is no pipe');
    this.#view = view;
    this.#descriptor = descriptor;
    this.#pipe = pipe;
    this.#path = path;
    this.#mode = mode;
    this.#failed = failed;
    this.#unwatch = pipe.watch(() => this.#later());
    this.#mourned = view.atDeath(() => this.#unwatch());
    this.#later();
  }

  drain(): boolean {
    this.#view.call('copying.drain');
    if (this.#closed) throw new Misuse('drain of a copying that is closed');
    return this.#move();
  }

  whenMoved(told: () => void): Cancel {
    this.#view.call('copying.whenMoved');
    if (this.#closed) throw new Misuse('whenMoved of a copying that is closed');
    this.#told.add(told);
    return () => this.#told.delete(told);
  }

  close(): void {
    this.#view.call('copying.close');
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    this.#mourned();
    this.#view.descriptors.leave(this.#descriptor);
    this.#view.descriptors.close(this.#descriptor);
  }

  #later(): void {
    if (this.#posted || this.#stuck || this.#closed || this.#pipe.bytes === 0) return;
    this.#posted = true;
    this.#view.post(() => {
      this.#posted = false;
      if (!this.#closed && !this.#stuck) this.#move();
    });
  }

  /** Moves all that is in the pipe; false, and `failed` in a task of its own, where the file does not take it. */
  #move(): boolean {
    const before = this.copiedBytes;
    const code = this.#pipe.bytes === 0 ? undefined : this.#append();
    if (this.copiedBytes > before) {
      this.#view.post(() => {
        if (!this.#closed) for (const told of [...this.#told]) told();
      });
    }
    const wasStuck = this.#stuck;
    this.#stuck = code !== undefined;
    if (code !== undefined && !wasStuck) {
      this.#view.post(() => {
        if (!this.#closed) this.#failed(code);
      });
    }
    return code === undefined;
  }

  /** Returns what stood in the way, if anything did. */
  #append(): SysError | undefined {
    const { files, user, disk } = this.#view.kernel;
    const { code, isPart } = partly(this.#view.fault('splice'));
    if (code !== undefined && !isPart) return sysError(code, 'splice');
    const closed = disk.trouble('open', this.#path);
    if (closed !== undefined) return sysError(closed, 'open');
    const mode = this.#mode | ((this.#mode & 0o444) >> 2) | 0o100;
    const folders = files.makeFolders(above(this.#path), mode, user.uid);
    if (!folders.ok) return sysError(folders.error, 'mkdir');
    const file = files.openToAppend(this.#path, this.#mode, user.uid);
    if (!file.ok) return sysError(file.error, 'open');
    this.#noteTime(sizeOf(file.value));
    let most = isPart ? this.#pipe.bytes >> 1 : Infinity;
    while (this.#pipe.bytes > 0) {
      const room = disk.room(this.#path, Math.min(PIECE_BYTES, most));
      const bytes = room < 1 ? 'again' : this.#pipe.read(room);
      if (typeof bytes === 'string') return sysError(code ?? 'ENOSPC', 'splice');
      most -= bytes.length;
      files.append(file.value, bytes);
      disk.grown(this.#path, bytes.length);
      this.copiedBytes += bytes.length;
    }
    return undefined;
  }

  /** As native/helper/line-times.c does, but for each move. */
  #noteTime(endBytes: number): void {
    const { files, user, disk } = this.#view.kernel;
    const path = `${this.#path}~times`;
    const index = files.openToAppend(path, this.#mode, user.uid);
    if (!index.ok || disk.room(path, TIME_BYTES) < TIME_BYTES) return;
    const held = Buffer.concat(index.value.chunks);
    const last = held.length === 0 ? 0n : held.readBigUInt64LE(held.length - TIME_BYTES);
    if (last > endBytes) {
      disk.grown(path, -held.length);
      files.freeBytes += held.length;
      index.value.chunks = [];
    }
    const record = Buffer.alloc(TIME_BYTES);
    record.writeBigUInt64LE(BigInt(endBytes), 0);
    record.writeBigUInt64LE(this.#view.kernel.wallNs(), 8);
    files.append(index.value, record);
    disk.grown(path, TIME_BYTES);
  }
}

function sizeOf(file: PlainNode): number {
  return file.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
}

/** `Sys.output`. */
export class FakeOutput implements Output {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  /** The fake keeps no owner of a pipe, so it does without the `uid`: any process may open it again. */
  pipe(): Result<NewPipe & { readonly read: Descriptor }, SysError> {
    this.#view.call('output.pipe');
    const failed = this.#view.failure('pipe2');
    if (failed !== undefined) return failed;
    const ends = this.#view.kernel.pipe(true);
    const read = this.#view.open('output.pipe', ends.read);
    const write = this.#view.open('output.pipe', ends.write);
    if (!read.ok) {
      if (write.ok) this.#view.descriptors.close(write.value);
      return read;
    }
    if (!write.ok) {
      this.#view.descriptors.close(read.value);
      return write;
    }
    return ok({ read: read.value, write: write.value, identity: ends.read.identity });
  }

  reopen(read: Descriptor): Result<NewPipe, SysError> {
    this.#view.call('output.reopen');
    const failed = this.#view.failure('open', 'reopen');
    if (failed !== undefined) return failed;
    const pipe = this.#view.descriptors.get(read, 'output.reopen');
    if (!(pipe instanceof PipeEnd)) throw new Misuse('output.reopen of what is no pipe');
    const write = this.#view.open('output.reopen', pipe.openAgain());
    return write.ok ? ok({ write: write.value, identity: pipe.identity }) : write;
  }

  /** A pipe here never outlives all who hold it. */
  ofProcess(): Result<Descriptor, SysError> {
    this.#view.call('output.ofProcess');
    return err(sysError('ENOENT', 'open'));
  }

  copy(pipe: Descriptor, path: string, mode: number, failed: (error: SysError) => void): Copying {
    this.#view.call('output.copy');
    return new FakeCopying(this.#view, pipe, path, mode, failed);
  }
}
