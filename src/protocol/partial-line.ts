import { MAX_LINE_BYTES } from './limits.ts';

/** A line that is kept takes so much at a time; a shorter one has what it needs. */
const BLOCK_BYTES = 16 * 1024;
const SMALL_BYTES = 1024;
/** Blocks that wait to be used again: what every client sends in pieces would else be garbage by the megabyte. */
const SPARE_BLOCKS = 256;

const spare: Uint8Array[] = [];
/** Where a line is put together; made when it is needed first. */
let whole: Uint8Array | undefined;

/** A line that comes in pieces, up to a byte more than a line may have: that may be the CR before the LF. */
export class PartialLine {
  #small: Uint8Array | undefined;
  #blocks: Uint8Array[] = [];
  #bytes = 0;

  /** What has come so far, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What it takes in memory. */
  get keptBytes(): number {
    return this.#blocks.length * BLOCK_BYTES + (this.#small?.length ?? 0);
  }

  /** Adds a piece; it must fit. */
  add(piece: Uint8Array): void {
    if (this.#bytes + piece.length <= SMALL_BYTES) {
      const grown = new Uint8Array(this.#bytes + piece.length);
      if (this.#small !== undefined) grown.set(this.#small);
      grown.set(piece, this.#bytes);
      this.#small = grown;
    } else {
      const small = this.#small;
      this.#small = undefined;
      if (small !== undefined) this.#append(small, 0);
      this.#append(piece, this.#bytes);
    }
    this.#bytes += piece.length;
  }

  /** Puts a piece into the blocks, the first byte at `at`. */
  #append(piece: Uint8Array, at: number): void {
    let from = 0;
    while (from < piece.length) {
      const place = (at + from) % BLOCK_BYTES;
      if (place === 0) this.#blocks.push(spare.pop() ?? new Uint8Array(BLOCK_BYTES));
      const part = piece.subarray(from, from + BLOCK_BYTES - place);
      this.#blocks.at(-1)?.set(part, place);
      from += part.length;
    }
  }

  /** A copy of its first bytes, so many at most. */
  head(most: number): Uint8Array {
    const [first = this.#small] = this.#blocks;
    return first?.slice(0, Math.min(most, this.#bytes)) ?? new Uint8Array(0);
  }

  /** All that has come, valid until the next line is joined; nothing is kept any more. */
  join(): Uint8Array {
    const bytes = this.#bytes;
    const small = this.#small;
    if (small !== undefined) {
      this.clear();
      return small;
    }
    whole ??= new Uint8Array(MAX_LINE_BYTES + 1);
    for (const [index, block] of this.#blocks.entries()) {
      const at = index * BLOCK_BYTES;
      whole.set(block.subarray(0, Math.min(BLOCK_BYTES, bytes - at)), at);
    }
    this.clear();
    return whole.subarray(0, bytes);
  }

  /** Keeps nothing any more. */
  clear(): void {
    for (const block of this.#blocks) if (spare.length < SPARE_BLOCKS) spare.push(block);
    this.#blocks = [];
    this.#small = undefined;
    this.#bytes = 0;
  }
}
