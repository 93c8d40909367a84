import { oldFolder } from '../../logs/old-logs.ts';
import type { Cancel, Sys } from '../../sys/sys.ts';
import type { LogWriters } from './log-writers.ts';
import { OldKeeper } from './old-keeper.ts';

/** The first one comes when archond has had time for what matters more. */
const FIRST_MS = 10_000;
const EVERY_MS = 6 * 60 * 60 * 1000;

/** Logs of commands that were run once go when nothing has been written to them for so long: a week. */
const KEPT_NS = 7n * 24n * 60n * 60n * 1_000_000_000n;

/** Beside a log that only commands run once have written to; native/helper/log-file.c makes and removes it. */
const MARK = '~run';

/** Goes through the folder of logs now and then, without holding up anybody: removes what has had its time, and has compressed what a dead archond has left. */
export class LogSweep {
  readonly #sys: Sys;
  readonly #folder: string;
  readonly #writers: LogWriters;
  readonly #old: OldKeeper;
  #cancel: Cancel;
  #isClosed = false;
  /** Folders still to be looked into. */
  #left: string[] = [];

  constructor(sys: Sys, folder: string, writers: LogWriters, old: OldKeeper) {
    this.#sys = sys;
    this.#folder = folder;
    this.#writers = writers;
    this.#old = old;
    this.#cancel = this.#after(FIRST_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #after(ms: number): Cancel {
    const { clock, timers } = this.#sys;
    return timers.at(clock.monotonicMs() + ms, () => {
      this.#left = [this.#folder];
      this.#next();
    });
  }

  #next(): void {
    const folder = this.#left.pop();
    if (this.#isClosed) return;
    if (folder === undefined) {
      this.#cancel = this.#after(EVERY_MS);
      return;
    }
    this.#sys.oldFiles.entries(folder, (found) => {
      if (this.#isClosed) return;
      const logPath = OldKeeper.logOf(folder);
      if (!found.ok) {
        this.#next();
        return;
      }
      if (logPath !== undefined) {
        this.#old.resume(
          logPath,
          found.value.map(({ name }) => name),
        );
        this.#next();
        return;
      }
      for (const { name, isFolder } of found.value) {
        if (isFolder) this.#left.push(`${folder}/${name}`);
        else if (name.endsWith(MARK)) this.#look(`${folder}/${name.slice(0, -MARK.length)}`);
      }
      this.#next();
    });
  }

  /** The mark goes last: who dies before that looks again. */
  #look(logPath: string): void {
    const { files, oldFiles, clock } = this.#sys;
    if (this.#writers.writes(logPath)) return;
    const status = files.status(logPath);
    if (!status.ok && status.error.code !== 'ENOENT') return;
    if (status.ok && clock.realtimeNs() - status.value.changedAtNs < KEPT_NS) return;
    const parts = [oldFolder(logPath), `${logPath}~times`, logPath, `${logPath}${MARK}`];
    const removeNext = (): void => {
      const part = parts.shift();
      /* Something may have begun to write to it. */
      if (part !== undefined && !this.#writers.writes(logPath)) oldFiles.discard(part, removeNext);
    };
    removeNext();
  }
}
