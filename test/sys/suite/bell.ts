/** So long at most nobody looks, for what changes without ringing: a file, the reaping of a stranger. */
const LOOK_AGAIN_MS = 10;

/**
 * The waiting of a harness over the real world: whoever waits looks again when the bell rings. Not
 * all that a test waits for can ring, so it looks again by itself, too; no test depends on how soon.
 */
export class Bell {
  #waiting: (() => void)[] = [];

  /** Something has happened. */
  ring(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Waits until something may have happened; false when `deadlineMs` of `performance.now()` is past. */
  async turn(deadlineMs: number): Promise<boolean> {
    if (performance.now() > deadlineMs) return false;
    await new Promise<void>((wake) => {
      const timer = setTimeout(wake, LOOK_AGAIN_MS);
      this.#waiting.push(() => {
        clearTimeout(timer);
        wake();
      });
    });
    return true;
  }
}
