/**
 * One step after the other, each run to its end: what a step posts comes after it. A step that throws
 * costs itself and nothing else. What is not a step, and must see units as they are, comes between: a unit
 * whose next event still waits here is not what it seems.
 */
export class Mailbox {
  readonly #queue: (() => void)[] = [];
  readonly #between: (() => void)[] = [];
  #isRunning = false;
  #isBetween = false;
  readonly #failed: (error: unknown) => void;

  /** @param failed told of what a step threw: a broken invariant, to be logged */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Runs the step now, or after the one that is running. */
  post(step: () => void): void {
    this.#queue.push(step);
    if (this.#isRunning) return;
    this.hold();
    this.release();
  }

  /** From now on steps wait for `release`. To be called between steps. */
  hold(): void {
    this.#isRunning = true;
  }

  /** Runs all that has waited. */
  release(): void {
    this.#runAll(this.#queue);
    this.#isRunning = false;
    this.#runBetween();
  }

  /** Runs the action when no step is under way and none waits: now, or behind them. */
  whenIdle(action: () => void): void {
    this.#between.push(action);
    if (!this.#isRunning) this.#runBetween();
  }

  /** One inside another would be as deep as there are many. */
  #runBetween(): void {
    if (this.#isBetween) return;
    this.#isBetween = true;
    this.#runAll(this.#between);
    this.#isBetween = false;
  }

  #runAll(list: (() => void)[]): void {
    for (let next = list.shift(); next !== undefined; next = list.shift()) {
      try {
        next();
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
