import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type {
  Cancel,
  Copying,
  Descriptor,
  Keeping,
  LogLimits,
  Missing,
  Output,
  PipeIdentity,
  SysError,
} from '../sys.ts';
import { sysError } from './errno.ts';
import { partly } from './faults.ts';
import { FakeLogFile } from './log-file.ts';
import { Misuse } from './misuse.ts';
import { PipeEnd } from './pipe.ts';
import { Tally } from './tally.ts';
import type { View } from './view.ts';

/** What `pipe` and `reopen` both give. */
interface NewPipe {
  readonly write: Descriptor;
  readonly identity: PipeIdentity;
}

const PIECE_BYTES = 65_536;

/**
 * Bytes on their way from a pipe to a file. Where the file cannot take them, `failed` is called once,
 * the copying stands still and the bytes stay in the pipe; a `drain` that succeeds sets it going again.
 */
class FakeCopying implements Copying {
  copiedBytes = 0;
  readonly #view: View;
  readonly #descriptor: Descriptor;
  readonly #pipe: PipeEnd;
  readonly #file: FakeLogFile;
  readonly #keeping: Keeping;
  readonly #failed: (error: SysError) => void;
  readonly #unwatch: Cancel;
  readonly #mourned: Cancel;
  readonly #told = new Set<() => void>();
  #limits: LogLimits;
  #tally = new Tally();
  /** The file is found by its name each time. */
  readonly openPath = undefined;
  isDropping = false;
  #isTelling = false;
  #posted = false;
  #stuck = false;
  #closed = false;

  constructor(
    view: View,
    descriptor: Descriptor,
    path: string,
    mode: number,
    failed: (error: SysError) => void,
    keeping: Keeping,
  ) {
    const pipe = view.descriptors.occupy(descriptor, 'output.copy');
    if (!(pipe instanceof PipeEnd)) throw new Misuse('output.copy of what is no pipe');
    this.#view = view;
    this.#descriptor = descriptor;
    this.#pipe = pipe;
    this.#file = new FakeLogFile(view, path, mode, keeping.isOneOff === true);
    this.#keeping = keeping;
    this.#limits = keeping.limits ?? { maxBytes: 0, drops: false };
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

  limit(limits: LogLimits): void {
    this.#view.call('copying.limit');
    this.#limits = limits;
  }

  /** The file is found by its name each time. */
  reopen(): void {
    this.#view.call('copying.reopen');
  }

  count(tally: Descriptor): Result<undefined, SysError> {
    this.#view.call('copying.count');
    const memory = this.#view.descriptors.get(tally, 'copying.count');
    if (!(memory instanceof Tally)) throw new Misuse('copying.count in what is no tally');
    this.#tally = memory;
    if (memory.missing.bytes > 0) this.isDropping = true;
    this.#tellDropped();
    return ok(undefined);
  }

  giveUp(): Missing {
    this.#view.call('copying.giveUp');
    while (this.#pipe.bytes > 0) this.#tally.drop(this.#pipe.read(PIECE_BYTES));
    this.#tally.settle();
    this.isDropping = false;
    return this.#isTelling ? { bytes: 0, lines: 0 } : this.#tally.untold;
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
    const wasStuck = this.#stuck || this.isDropping;
    const code = this.#tryMove();
    if (this.copiedBytes > before) {
      this.#view.post(() => {
        if (!this.#closed) for (const told of [...this.#told]) told();
      });
    }
    this.#stuck = code !== undefined && !this.#limits.drops;
    if (code !== undefined && !wasStuck) {
      this.#view.post(() => {
        if (!this.#closed) this.#failed(code);
      });
    }
    return code === undefined;
  }

  #tryMove(): SysError | undefined {
    const code = this.#endDropping() ?? (this.#pipe.bytes === 0 ? undefined : this.#append());
    if (code === undefined || !this.#limits.drops) return code;
    this.isDropping = true;
    while (this.#pipe.bytes > 0) this.#tally.drop(this.#pipe.read(PIECE_BYTES));
    return code;
  }

  /** Tells in the file how much is missing, with which dropping is over; else why that cannot be. */
  #endDropping(): SysError | undefined {
    const tally = this.#tally;
    if (!this.isDropping) return undefined;
    if (tally.missing.bytes > 0) {
      while (tally.isInLine && this.#pipe.bytes > 0) tally.drop(this.#pipe.read(1));
      const code = this.#file.tellMissing(tally.missing);
      if (code !== undefined) return code;
      tally.settle();
      this.#tellDropped();
    }
    this.isDropping = false;
    return undefined;
  }

  #tellDropped(): void {
    if (this.#tally.untold.bytes === 0) return;
    this.#view.post(() => {
      const { untold } = this.#tally;
      if (this.#closed || untold.bytes === 0) return;
      this.#isTelling = true;
      this.#keeping.dropped?.(untold);
      this.#isTelling = false;
      this.#tally.told(untold);
    });
  }

  /** Returns what stood in the way, if anything did. */
  #append(): SysError | undefined {
    const { code, isPart } = partly(this.#view.fault('splice'));
    if (code !== undefined && !isPart) return sysError(code, 'splice');
    let most = isPart ? this.#pipe.bytes >> 1 : Infinity;
    let setAside = 0;
    let trouble: SysError | undefined;
    while (trouble === undefined && this.#pipe.bytes > 0) {
      const open = this.#file.open();
      if (!open.ok) return open.error;
      if (this.#file.isDue(this.#limits.maxBytes)) {
        this.#file.setAside();
        setAside += 1;
        continue;
      }
      this.#file.noteTime();
      const room = this.#file.room(Math.min(PIECE_BYTES, most), this.#limits.maxBytes);
      const bytes = room < 1 ? 'again' : this.#pipe.read(room);
      if (typeof bytes === 'string') {
        trouble = sysError(code ?? 'ENOSPC', 'splice');
      } else {
        most -= bytes.length;
        this.#file.append(bytes);
        this.copiedBytes += bytes.length;
      }
    }
    if (setAside > 0) this.#view.post(() => this.#keeping.rotated?.(setAside));
    return trouble;
  }
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

  tally(): Result<Descriptor, SysError> {
    this.#view.call('output.tally');
    const failed = this.#view.failure('memfd_create');
    if (failed !== undefined) return failed;
    return this.#view.open('output.tally', new Tally());
  }

  copy(
    pipe: Descriptor,
    path: string,
    mode: number,
    failed: (error: SysError) => void,
    keeping: Keeping = {},
  ): Copying {
    this.#view.call('output.copy');
    return new FakeCopying(this.#view, pipe, path, mode, failed, keeping);
  }
}
