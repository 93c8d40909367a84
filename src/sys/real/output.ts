import { closeSync, constants, fstatSync, openSync, statSync, type BigIntStats } from 'node:fs';
import path from 'node:path';
import { err, ok, type Result } from '../../base/result.ts';
import { native } from '../native.ts';
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
import { mustSucceed, nativeError } from './native-error.ts';
import { leaveSlot, numbers, occupySlot } from './reactor.ts';

function identityOf(pipe: Descriptor): PipeIdentity {
  const { dev, ino } = fstatSync(pipe, { bigint: true });
  return { device: dev, inode: ino };
}

function isPipe({ dev, ino }: BigIntStats, { device, inode }: PipeIdentity): boolean {
  return dev === device && ino === inode;
}

/** Looked at before it is opened: a terminal or a device does not like to be opened. */
function openPipe(path: string, pipe: PipeIdentity): Descriptor | undefined {
  try {
    if (!isPipe(statSync(path, { bigint: true }), pipe)) return undefined;
    const opened = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (isPipe(fstatSync(opened, { bigint: true }), pipe)) return opened;
    closeSync(opened);
  } catch {
    /* The process has gone, or is not ours to look into. */
  }
  return undefined;
}

/**
 * Native copying. Where the file cannot take the bytes, `failed` is called once and the copying stands
 * still, the bytes in the pipe; a `drain` that succeeds sets it going again.
 */
class RealCopying implements Copying {
  readonly #slot: number;
  readonly #failed: (error: SysError) => void;
  readonly #keeping: Keeping;
  readonly #told = new Set<() => void>();
  #isStanding = false;
  #copiedBytes: number | undefined;

  constructor(slot: number, failed: (error: SysError) => void, keeping: Keeping) {
    this.#slot = slot;
    this.#failed = failed;
    this.#keeping = keeping;
    if (keeping.limits !== undefined) this.limit(keeping.limits);
    occupySlot(slot, (_event, failure, hasNews) => {
      const news = hasNews === 0 && failure === 0 ? undefined : this.#news();
      if (failure === 0) this.#tell();
      else this.#stand(failure);
      if (news !== undefined) this.#tellNews(news);
    });
  }

  limit({ maxBytes, drops }: LogLimits): void {
    native.limitCopy(this.#slot, maxBytes, drops ? 1 : 0);
  }

  reopen(): void {
    if (this.#copiedBytes !== undefined) return;
    native.reopenCopy(this.#slot);
    this.#laterNews();
  }

  count(tally: Descriptor): Result<undefined, SysError> {
    const error = nativeError(native.tallyCopy(this.#slot, tally));
    this.#laterNews();
    return error === undefined ? ok(undefined) : err(error);
  }

  giveUp(): Missing {
    if (this.#copiedBytes !== undefined) throw new Error('giveUp of a copying that is closed');
    native.giveUpCopy(this.#slot);
    const [bytes = 0, moreBytes = 0, lines = 0, moreLines = 0] = numbers;
    return { bytes: word(bytes, moreBytes), lines: word(lines, moreLines) };
  }

  get openPath(): string | undefined {
    const file = this.#copiedBytes === undefined ? native.copyFile(this.#slot) : -1;
    return file < 0 ? undefined : `/proc/self/fd/${file}`;
  }

  get isDropping(): boolean {
    return this.#copiedBytes === undefined && native.isDropping(this.#slot) !== 0;
  }

  get copiedBytes(): number {
    return this.#copiedBytes ?? native.copiedBytes(this.#slot);
  }

  drain(): boolean {
    if (this.#copiedBytes !== undefined) throw new Error('drain of a copying that is closed');
    const before = this.#told.size === 0 ? 0 : this.copiedBytes;
    const failure = native.drainCopy(this.#slot);
    if (this.#told.size > 0 && this.copiedBytes > before) process.nextTick(() => this.#tell());
    const wasStanding = this.#isStanding;
    this.#isStanding = nativeError(failure) !== undefined;
    if (this.#isStanding && !wasStanding) process.nextTick(() => this.#stand(failure));
    this.#laterNews();
    return !this.#isStanding;
  }

  whenMoved(told: () => void): Cancel {
    if (this.#copiedBytes !== undefined) throw new Error('whenMoved of a copying that is closed');
    this.#told.add(told);
    native.tellCopy(this.#slot, 1);
    return () => {
      this.#told.delete(told);
      if (this.#told.size === 0 && this.#copiedBytes === undefined) native.tellCopy(this.#slot, 0);
    };
  }

  close(): void {
    if (this.#copiedBytes !== undefined) return;
    const news = this.#news();
    if (news !== undefined) process.nextTick(() => this.#tellNews(news));
    this.#copiedBytes = native.copiedBytes(this.#slot);
    leaveSlot(this.#slot);
    native.closeCopy(this.#slot);
  }

  #news(): News | undefined {
    if (this.#copiedBytes !== undefined || native.copyNews(this.#slot, 1) === 0) return undefined;
    const [files = 0, failure = 0, bytes = 0, moreBytes = 0, lines = 0, moreLines = 0] = numbers;
    return { files, failure, missing: { bytes: word(bytes, moreBytes), lines: word(lines, moreLines) } };
  }

  /** What has happened within a call is told after it. */
  #laterNews(): void {
    if (native.copyNews(this.#slot, 0) === 0) return;
    process.nextTick(() => {
      const news = this.#news();
      if (news !== undefined) this.#tellNews(news);
    });
  }

  #tellNews({ files, failure, missing }: News): void {
    const error = nativeError(failure);
    if (error !== undefined) this.#keeping.notRotated?.(error);
    if (files > 0) this.#keeping.rotated?.(files);
    if (missing.bytes === 0) return;
    this.#keeping.dropped?.(missing);
    if (this.#copiedBytes === undefined) native.toldDropped(this.#slot);
  }

  #tell(): void {
    for (const told of [...this.#told]) told();
  }

  #stand(failure: number): void {
    const error = nativeError(failure);
    if (error === undefined || this.#copiedBytes !== undefined) return;
    this.#isStanding = true;
    this.#failed(error);
  }
}

interface News {
  readonly files: number;
  readonly failure: number;
  readonly missing: Missing;
}

/** A number of 64 bits in two. */
function word(low: number, high: number): number {
  return (low >>> 0) + (high >>> 0) * 2 ** 32;
}

/** `Sys.output` over the helper; docs/helper.org, "From pipe to file". */
export const realOutput: Output = {
  pipe(uid) {
    const error = nativeError(native.pipe(uid));
    if (error !== undefined) return err(error);
    const [read = -1, write = -1] = numbers;
    return ok({ read, write, identity: identityOf(read) });
  },

  reopen(read) {
    const write = native.reopenPipe(read);
    const error = nativeError(write);
    return error === undefined ? ok({ write, identity: identityOf(write) }) : err(error);
  },

  ofProcess(pid, pipe) {
    for (const number of [1, 2]) {
      const opened = openPipe(`/proc/${pid}/fd/${number}`, pipe);
      if (opened !== undefined) return ok(opened);
    }
    return err({ code: 'ENOENT', errno: 2, call: 'open' });
  },

  copy(pipe, file, mode, failed, keeping = {}) {
    const isOneOff = keeping.isOneOff === true ? 1 : 0;
    const slot = native.copy(pipe, Buffer.from(path.resolve(file)), mode, isOneOff);
    return new RealCopying(mustSucceed(slot), failed, keeping);
  },

  tally() {
    const memory = native.makeTally();
    const error = nativeError(memory);
    return error === undefined ? ok(memory) : err(error);
  },
};
