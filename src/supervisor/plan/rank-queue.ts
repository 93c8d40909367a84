/** Takes things in any order and gives out the one of the lowest rank; a binary heap. */
export class RankQueue<T> {
  readonly #rankOf: (item: T) => number;
  readonly #heap: T[] = [];

  constructor(rankOf: (item: T) => number) {
    this.#rankOf = rankOf;
  }

  push(item: T): void {
    const heap = this.#heap;
    const rank = this.#rankOf(item);
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || this.#rankOf(parent) <= rank) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = item;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    const rank = this.#rankOf(last);
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && this.#rankOf(right) < this.#rankOf(left);
      const child = isRight ? right : left;
      if (this.#rankOf(child) >= rank) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}
