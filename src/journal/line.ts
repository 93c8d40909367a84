import { crc32 } from '../base/crc32.ts';

/**
 * The types of lines (docs/journal.org, "The lines"). Lines of other types are a later version's: they
 * are skipped and stay where they are.
 */
export const LINE_TYPES = {
  /** The first line of a segment. */
  head: 'H',
  /** A remembered value. */
  value: 'R',
  /** A value that was forgotten. */
  forgotten: 'F',
  /** The checkpoint ends here. */
  checkpoint: 'K',
  /** A numbered event. */
  event: 'E',
  /** A supervisor has opened the journal. */
  opened: 'O',
  /** The clean end. */
  closed: 'C',
} as const;
export type LineType = (typeof LINE_TYPES)[keyof typeof LINE_TYPES];

/** Before the payload stand eight digits, a blank, the type, a blank. */
const PAYLOAD_AT = 11;
const TYPE_AT = 9;
const DIGITS = 8;
const BLANK = 0x20;
const LINE_FEED = 0x0a;
const HEX = '0123456789abcdef';
const HEX_CODES = Uint8Array.from(HEX, (digit) => digit.charCodeAt(0));

const INITIAL_BYTES = 16_384;

/** A larger buffer is given back once it is empty. */
const KEPT_BYTES = 1_048_576;

/** Lines on their way to a file. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;

  /** Bytes of the lines that it holds. */
  get length(): number {
    return this.#length;
  }

  /** Adds a line. All characters of the payload are 0x20 to 0xFF, each is written as one byte. */
  add(type: LineType, payload: string): void {
    const from = this.#length;
    const end = from + PAYLOAD_AT + payload.length;
    if (end >= this.#bytes.length) this.#grow(end + 1);
    const bytes = this.#bytes;
    bytes.write(payload, from + PAYLOAD_AT, 'latin1');
    bytes[from + TYPE_AT - 1] = BLANK;
    bytes[from + TYPE_AT] = type.charCodeAt(0);
    bytes[from + TYPE_AT + 1] = BLANK;
    bytes[end] = LINE_FEED;
    let checksum = crc32(bytes, from + TYPE_AT, end);
    for (let at = from + DIGITS - 1; at >= from; at -= 1) {
      bytes[at] = HEX_CODES[checksum & 15] ?? 0;
      checksum >>>= 4;
    }
    this.#length = end + 1;
  }

  /** The bytes of the lines, valid until the next call of another method. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Takes the first `bytes`, which are whole lines, out. */
  drop(bytes: number): void {
    this.#bytes.copyWithin(0, bytes, this.#length);
    this.#length -= bytes;
    if (this.#length === 0 && this.#bytes.length > KEPT_BYTES) {
      this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    }
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** A whole line within bytes: its type as a character code, and where its payload begins and ends. */
export interface Line {
  readonly type: number;
  readonly from: number;
  readonly to: number;
}

/** Where the line that begins at `at` has its line feed, -1 where there is none. */
export function lineFeedAt(bytes: Buffer, at: number): number {
  return bytes.indexOf(LINE_FEED, at);
}

/** The line between `at` and its line feed, or undefined where it is none or its checksum is another. */
export function lineAt(bytes: Buffer, at: number, lineFeed: number): Line | undefined {
  if (lineFeed - at < PAYLOAD_AT || bytes[at + TYPE_AT - 1] !== BLANK || bytes[at + TYPE_AT + 1] !== BLANK) {
    return undefined;
  }
  if (checksumAt(bytes, at) !== crc32(bytes, at + TYPE_AT, lineFeed)) return undefined;
  return { type: bytes[at + TYPE_AT] ?? 0, from: at + PAYLOAD_AT, to: lineFeed };
}

/** The type of the whole line that begins at `at`, as a character code. */
export function typeAt(bytes: Buffer, at: number): number {
  return bytes[at + TYPE_AT] ?? 0;
}

/** How many bytes the line has, its line feed included. */
export function lineBytes(line: Line): number {
  return PAYLOAD_AT + line.to - line.from + 1;
}

/** The payload of a line as a text in which each character is a byte. */
export function payloadOf(bytes: Buffer, line: Line): string {
  return bytes.toString('latin1', line.from, line.to);
}

/** The eight digits at `at` as a number; NaN, which equals nothing, where they are none. Capitals are none either. */
function checksumAt(bytes: Buffer, at: number): number {
  let value = 0;
  for (let digit = at; digit < at + DIGITS; digit += 1) {
    const code = bytes[digit] ?? 0;
    if (code >= 0x30 && code <= 0x39) value = value * 16 + code - 0x30;
    else if (code >= 0x61 && code <= 0x66) value = value * 16 + code - 0x57;
    else return NaN;
  }
  return value;
}
