import type { Missing } from '../sys.ts';
import { PlainFile } from './open-file.ts';

const LF = 0x0a;

/** Memory in which a copying counts what it drops: native/helper/tally.c. */
export class Tally extends PlainFile {
  #bytes = 0;
  #ends = 0;
  #isInLine = false;
  /** Told of in the log, and not in an event yet. */
  #untold: Missing = { bytes: 0, lines: 0 };

  constructor() {
    super('file');
  }

  /** Whether the last byte that was dropped did not end its line. */
  get isInLine(): boolean {
    return this.#isInLine;
  }

  /** Of which the log does not tell yet. */
  get missing(): Missing {
    return { bytes: this.#bytes, lines: this.#ends + (this.#isInLine ? 1 : 0) };
  }

  get untold(): Missing {
    return this.#untold;
  }

  drop(bytes: Uint8Array | 'again' | 'end'): void {
    if (typeof bytes === 'string' || bytes.length === 0) return;
    this.#bytes += bytes.length;
    for (const byte of bytes) if (byte === LF) this.#ends += 1;
    this.#isInLine = bytes.at(-1) !== LF;
  }

  /** The log tells of it, or never will. */
  settle(): void {
    const { bytes, lines } = this.missing;
    this.#untold = { bytes: this.#untold.bytes + bytes, lines: this.#untold.lines + lines };
    this.#bytes = 0;
    this.#ends = 0;
    this.#isInLine = false;
  }

  /** An event tells of that. */
  told({ bytes, lines }: Missing): void {
    this.#untold = { bytes: this.#untold.bytes - bytes, lines: this.#untold.lines - lines };
  }
}
