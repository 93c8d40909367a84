/**
 * One step after the other, each run to its end: what a step posts comes after it. A step that throws
 * costs itself and nothing else.
 */
export class Mailbox {
  readonly #queue: (() => void)[] = [];
  #isRunning = false;
  readonly #failed: (error: unknown) => void;

  /** @param failed told of what a step threw: a broken invariant, to be logged */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Runs the step now, or after the one that is running. */
  post(step: () => void): void {
    this.#queue.push(step);
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        next();
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#isRunning = false;
  }
}
