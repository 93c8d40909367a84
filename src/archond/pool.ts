/** Has a share of a pool. */
export interface Holder {
  /** The pool is overdrawn and this holder's share is the one unchanged for longest: gives up what it can; returns what it keeps. */
  giveWay(): number;
}

/**
 * What many use together, and what it may come to. Where one's share makes it too much, those give way
 * first whose shares have not changed for longest: who is at it, and comes to an end, is spared.
 */
export class Pool {
  readonly #limit: number;
  /** In the order of their last change. */
  readonly #shares = new Map<Holder, number>();
  #total = 0;
  #isRelieving = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether more than half is in use, so that each should be modest. */
  get isTight(): boolean {
    return this.#total > this.#limit / 2;
  }

  /** The holder's share is this by now. */
  set(holder: Holder, share: number): void {
    const before = this.#shares.get(holder) ?? 0;
    if (share === before) return;
    this.#put(holder, share);
    if (share > before) this.#relieve();
  }

  #put(holder: Holder, share: number): void {
    this.#total += share - (this.#shares.get(holder) ?? 0);
    this.#shares.delete(holder);
    if (share > 0) this.#shares.set(holder, share);
  }

  /** Each is asked once at most: what they keep all the same cannot be helped. */
  #relieve(): void {
    if (this.#isRelieving) return;
    this.#isRelieving = true;
    for (let left = this.#shares.size; left > 0 && this.#total > this.#limit; left -= 1) {
      const [oldest] = this.#shares.keys();
      if (oldest !== undefined) this.#put(oldest, oldest.giveWay());
    }
    this.#isRelieving = false;
  }
}
