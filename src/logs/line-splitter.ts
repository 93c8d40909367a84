const LF = 0x0a;

/** A longer line comes in pieces of so many bytes. */
export const MAX_LINE_BYTES = 256 * 1024;

/** A line without its end, or a piece of one that is very long. */
export interface Line {
  /** Valid until the next call of the splitter. */
  readonly bytes: Uint8Array;
  /** Where the whole line begins in the file: the same for all its pieces. */
  readonly startBytes: number;
}

/** Makes lines of the bytes of a file that come in pieces. */
export class LineSplitter {
  readonly #each: (line: Line) => void;
  /** What has come of the line under way and has not been given out. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #atBytes: number;
  #startBytes: number;

  /** @param atBytes where in the file it begins: at the beginning of a line */
  constructor(atBytes: number, each: (line: Line) => void) {
    this.#each = each;
    this.#atBytes = atBytes;
    this.#startBytes = atBytes;
  }

  /** How far bytes have come. */
  get atBytes(): number {
    return this.#atBytes;
  }

  /** How far lines, or pieces of them, have been given out. */
  get givenBytes(): number {
    return this.#atBytes - this.#restBytes;
  }

  /** Takes the bytes that follow; they may be overwritten afterwards. */
  push(bytes: Uint8Array): void {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let from = 0;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, from)) {
      this.#line(piece.subarray(from, end));
      from = end + 1;
      this.#startBytes = this.#atBytes + from;
    }
    this.#atBytes += piece.length;
    this.#keep(piece.subarray(from));
  }

  /** Gives out what there is of a line that has not ended. What follows in it is a piece of the same line. */
  flush(): void {
    if (this.#restBytes > 0) this.#line(Buffer.alloc(0));
  }

  /** Gives out what was kept and this, in pieces where it is too long. */
  #line(last: Buffer): void {
    const whole = this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last]);
    const startBytes = this.#startBytes;
    this.#rest = [];
    this.#restBytes = 0;
    let from = 0;
    for (; whole.length - from > MAX_LINE_BYTES; from += MAX_LINE_BYTES)
      this.#each({ bytes: whole.subarray(from, from + MAX_LINE_BYTES), startBytes });
    this.#each({ bytes: whole.subarray(from), startBytes });
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#rest.push(Buffer.from(bytes));
    this.#restBytes += bytes.length;
    while (this.#restBytes > MAX_LINE_BYTES) {
      const whole = Buffer.concat(this.#rest);
      this.#each({ bytes: whole.subarray(0, MAX_LINE_BYTES), startBytes: this.#startBytes });
      this.#rest = [whole.subarray(MAX_LINE_BYTES)];
      this.#restBytes -= MAX_LINE_BYTES;
    }
  }
}
