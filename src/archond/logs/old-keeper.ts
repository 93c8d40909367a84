import type { Result } from '../../base/result.ts';
import { oldFolder, oldLogs, oldLogsAmong, oldPath, type OldLog } from '../../logs/old-logs.ts';
import type { Cancel, Sys, SysError } from '../../sys/sys.ts';
import type { Log } from '../log.ts';
import type { LogWriters } from './log-writers.ts';

/** What was set aside is compressed when it has been there for so long: of a flood most is gone by then. */
const SETTLED_MS = 2000;

/** Rights of what is compressed: those of logs. */
const MODE = 0o640;

interface Job {
  readonly logPath: string;
  readonly number: number;
}

/**
 * What becomes of logs that were set aside: so many are kept, and these are compressed, one at a time. A death at any point
 * leaves what was set aside, what it is compressed to, or both; the next archond goes on from there.
 */
export class OldKeeper {
  readonly #sys: Sys;
  readonly #log: Log;
  readonly #writers: LogWriters;
  /** Logs of which some have been set aside lately. */
  readonly #unsettled = new Map<string, Cancel>();
  readonly #jobs: Job[] = [];
  #isBusy = false;
  #isClosed = false;
  #giveUp: Cancel = () => undefined;

  constructor(sys: Sys, log: Log, writers: LogWriters) {
    this.#sys = sys;
    this.#log = log;
    this.#writers = writers;
  }

  /** Some have been set aside: of all there are so many are kept, and compressed after a while. */
  rotated(logPath: string, keep: number): void {
    /* Who follows the log has it read by its old name. */
    this.#writers.rotated(logPath);
    const old = oldLogs(this.#sys.files, logPath);
    for (const { number } of old.slice(0, Math.max(0, old.length - keep))) this.#remove(logPath, number);
    if (keep > 0) this.#settle(logPath);
  }

  /** Goes on with what an archond before this one has left behind in the folder of old ones of a log. */
  resume(logPath: string, names: readonly string[]): void {
    this.#enqueue(logPath, oldLogsAmong(names));
  }

  /** What is left to be done is the next archond's. */
  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#unsettled.values()) cancel();
    this.#jobs.length = 0;
    this.#giveUp();
  }

  /** The index goes first: where that is left alone, the one that died had been about to set a log aside. */
  #remove(logPath: string, number: number): void {
    const path = oldPath(logPath, number);
    const { oldFiles } = this.#sys;
    oldFiles.discard(`${path}~times`, () => {
      for (const name of [path, `${path}.gz`, `${path}.gz~new`]) oldFiles.discard(name, () => undefined);
    });
  }

  #settle(logPath: string): void {
    const { clock, timers, files } = this.#sys;
    if (this.#isClosed || this.#unsettled.has(logPath)) return;
    const newest = oldLogs(files, logPath).at(-1)?.number ?? 0;
    const cancel = timers.at(clock.monotonicMs() + SETTLED_MS, () => {
      this.#unsettled.delete(logPath);
      const old = oldLogs(files, logPath);
      this.#enqueue(
        logPath,
        old.filter(({ number }) => number <= newest),
      );
      if (old.some(({ number }) => number > newest)) this.#settle(logPath);
    });
    this.#unsettled.set(logPath, cancel);
  }

  #enqueue(logPath: string, old: readonly OldLog[]): void {
    for (const { number, isPlain } of old)
      if (isPlain && !this.#isClosed) this.#jobs.push({ logPath, number });
    this.#next();
  }

  #next(): void {
    const job = this.#isBusy || this.#isClosed ? undefined : this.#jobs.shift();
    if (job === undefined) return;
    this.#isBusy = true;
    this.#carryOut(job, () => {
      this.#isBusy = false;
      this.#next();
    });
  }

  #carryOut({ logPath, number }: Job, done: () => void): void {
    const { files, oldFiles } = this.#sys;
    const path = oldPath(logPath, number);
    const packed = `${path}.gz`;
    const found = oldLogs(files, logPath).find((old) => old.number === number);
    if (found?.isPlain !== true) {
      done();
      return;
    }
    /* Whoever follows it is to read it to its end as it is. */
    if (this.#writers.isFollowedFrom(logPath, number)) {
      this.#settle(logPath);
      done();
      return;
    }
    if (found.isCompressed) {
      oldFiles.discard(path, done);
      return;
    }
    this.#giveUp = oldFiles.compress(path, `${packed}~new`, MODE, (result) => {
      const isWanted = files.status(path).ok;
      const failed = result.ok && isWanted ? this.#put(path, packed) : result;
      if (failed.ok && isWanted) {
        oldFiles.discard(path, done);
        return;
      }
      if (!failed.ok && isWanted)
        this.#log.warn('an old log cannot be compressed', { file: path, error: failed.error.code });
      oldFiles.discard(`${packed}~new`, done);
    });
  }

  /** What is whole gets its name. */
  #put(path: string, packed: string): Result<undefined, SysError> {
    const { files, oldFiles } = this.#sys;
    const renamed = files.rename(`${packed}~new`, packed);
    /* It was removed in the meantime, as too old. */
    if (renamed.ok && !files.status(path).ok) oldFiles.discard(packed, () => undefined);
    return renamed;
  }

  /** The folder with the old ones of a log, if its name says that it is one. */
  static logOf(folder: string): string | undefined {
    const suffix = oldFolder('');
    return folder.endsWith(suffix) ? folder.slice(0, -suffix.length) : undefined;
  }
}
