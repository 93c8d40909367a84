import type { Cancel, Copying } from '../../sys/sys.ts';

/** Who is told what becomes of a log. */
export interface LogWatcher {
  /** Bytes have come to it. */
  moved(): void;
  /** What was in it has been set aside, before anything is done to that. */
  rotated(): void;
  /** What was in it can be read no longer after this. */
  reopening(): void;
  /** What is from this number on has not been read yet: see `OldLog`. */
  readonly number: number;
  /** All that was written is in it, and nothing writes to it any more. */
  rested(): void;
}

/** What copies output into which log now, and who follows that. */
export class LogWriters {
  readonly #copyings = new Map<string, Set<Copying>>();
  readonly #watchers = new Map<string, LogWatcher>();
  readonly #watches = new Map<Copying, Cancel>();

  /** The copying writes to this log, until that is cancelled, before it is closed. */
  add(path: string, copying: Copying): Cancel {
    const those = this.#copyings.get(path) ?? new Set();
    this.#copyings.set(path, those.add(copying));
    const watcher = this.#watchers.get(path);
    if (watcher !== undefined) this.#watch(copying, watcher);
    return () => {
      this.#unwatch(copying);
      those.delete(copying);
      if (those.size > 0) return;
      this.#copyings.delete(path);
      this.#watchers.get(path)?.rested();
    };
  }

  /** Whether anything writes to the log. */
  writes(path: string): boolean {
    return this.#copyings.has(path);
  }

  /** Paths by which what is written to the log can be read, also where it was moved away. */
  openPaths(path: string): readonly string[] {
    return [...(this.#copyings.get(path) ?? [])].flatMap(({ openPath }) => openPath ?? []);
  }

  /** What was written so far comes into the log, where that can take it. */
  drain(path: string): void {
    for (const copying of this.#copyings.get(path) ?? []) copying.drain();
  }

  /** What was in the log has been set aside. */
  rotated(path: string): void {
    this.#watchers.get(path)?.rotated();
  }

  /** Whether somebody who follows the log has still to read what was set aside under this number, or something before it. */
  isFollowedFrom(path: string, number: number): boolean {
    const watcher = this.#watchers.get(path);
    return watcher !== undefined && watcher.number <= number;
  }

  /** What comes to the log from now on goes to whatever has its name. False where nothing writes to it. */
  reopen(path: string): boolean {
    this.drain(path);
    this.#watchers.get(path)?.reopening();
    for (const copying of this.#copyings.get(path) ?? []) copying.reopen();
    return this.#copyings.has(path);
  }

  /** The same for all logs. */
  reopenAll(): void {
    for (const path of this.#copyings.keys()) this.reopen(path);
  }

  /** Tells what becomes of the log, whoever writes to it now or later. There is one watcher of a log. */
  watch(path: string, watcher: LogWatcher): Cancel {
    this.#watchers.set(path, watcher);
    for (const copying of this.#copyings.get(path) ?? []) this.#watch(copying, watcher);
    return () => {
      this.#watchers.delete(path);
      for (const copying of this.#copyings.get(path) ?? []) this.#unwatch(copying);
    };
  }

  #watch(copying: Copying, watcher: LogWatcher): void {
    const cancel = copying.whenMoved(() => {
      watcher.moved();
    });
    this.#watches.set(copying, cancel);
  }

  #unwatch(copying: Copying): void {
    this.#watches.get(copying)?.();
    this.#watches.delete(copying);
  }
}
