/**
 * Whether something has been over a bound for so long, by one reading after the other: from the first one over it, with none
 * between that was not. What was between two readings nobody knows.
 */
export class Over {
  readonly #bound: number;
  readonly #forMs: number;
  #sinceMs: number | undefined;

  /** @param forMs 0: the first reading that is over it counts */
  constructor(bound: number, forMs: number) {
    this.#bound = bound;
    this.#forMs = forMs;
  }

  /** Takes the next reading: true where it has been so for so long, which is counted anew from then on. */
  take(value: number, atMs: number): boolean {
    if (value <= this.#bound) {
      this.#sinceMs = undefined;
      return false;
    }
    this.#sinceMs ??= atMs;
    if (atMs - this.#sinceMs < this.#forMs) return false;
    this.#sinceMs = undefined;
    return true;
  }
}
