import type { Result } from '../base/result.ts';
import type { SysError } from '../sys/sys.ts';
import type { Current } from './writer.ts';

export type SyncDone = (result: Result<undefined, SysError>) => void;

/** Counts the syncs that are under way. */
export class Syncs {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Starts one; `done` is told its result before `whenIdle` is called back. */
  run(start: (done: SyncDone) => void, done: SyncDone): void {
    this.#count += 1;
    start((result) => {
      done(result);
      this.#count -= 1;
      if (this.#count > 0) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const action of waiting) action();
    });
  }

  /** Calls back when none is under way: at once where there is none now. */
  whenIdle(action: () => void): void {
    if (this.#count === 0) action();
    else this.#waiting.push(action);
  }
}

/** Brings a segment to the disk, and its name where that may be new. */
export function syncCurrent(current: Current, done: SyncDone): void {
  const { store } = current.segment;
  const { file } = current;
  file.sync((result) => {
    if (!result.ok || current.isNamed) {
      done(result);
      return;
    }
    store.syncFolder((named) => {
      if (current.file === file) current.isNamed = named.ok;
      done(named);
    });
  });
}
