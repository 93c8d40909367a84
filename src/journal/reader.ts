import type { Result } from '../base/result.ts';
import type { SysError } from '../sys/sys.ts';
import { lineAt, lineFeedAt, type Line } from './line.ts';

/** So many bytes are read at once: about 1 ms of work, so that nothing else waits long. A line that is longer is read in one piece. */
export const PIECE_BYTES = 65_536;

/** Reads so many bytes of a segment from an offset on; fewer only at its end. */
export type ReadBytes = (offsetBytes: number, lengthBytes: number) => Result<Uint8Array, SysError>;

/** What one piece brought. */
export type Piece =
  /** There is more. */
  | { readonly kind: 'more' }
  /** The visitor refused a line; it is the next. */
  | { readonly kind: 'refused' }
  /** Everything was whole lines. */
  | { readonly kind: 'end' }
  /** The last line has no end. */
  | { readonly kind: 'torn' }
  /** The next line has an end, but is not what was written. */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'failed'; readonly error: SysError };

/** Is shown a whole line that begins at `offset`; false where it does not want it. */
export type Visit = (bytes: Buffer, line: Line, offset: number) => boolean;

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Goes through the lines of a segment, a piece at each call. */
export class ForwardReader {
  readonly #read: ReadBytes;
  readonly #end: number;
  #offset: number;
  #pieceBytes = PIECE_BYTES;

  /** @param offset where a line begins; @param end where to stop, `Infinity` for the end of the file */
  constructor(read: ReadBytes, offset: number, end: number) {
    this.#read = read;
    this.#offset = offset;
    this.#end = end;
  }

  /** Where the next line begins; all before it are whole and have been visited. */
  get offset(): number {
    return this.#offset;
  }

  next(visit: Visit): Piece {
    const wanted = Math.min(this.#pieceBytes, this.#end - this.#offset);
    const got = this.#read(this.#offset, wanted);
    if (!got.ok) return { kind: 'failed', error: got.error };
    const bytes = asBuffer(got.value);
    const isLast = bytes.length < wanted || this.#offset + bytes.length >= this.#end;
    let at = 0;
    for (let lineFeed = lineFeedAt(bytes, at); lineFeed >= 0; lineFeed = lineFeedAt(bytes, at)) {
      const line = lineAt(bytes, at, lineFeed);
      const isWanted = line !== undefined && visit(bytes, line, this.#offset + at);
      if (!isWanted) {
        this.#offset += at;
        return { kind: line === undefined ? 'damaged' : 'refused' };
      }
      at = lineFeed + 1;
    }
    this.#offset += at;
    this.#pieceBytes = at === 0 ? 2 * this.#pieceBytes : PIECE_BYTES;
    if (!isLast) return { kind: 'more' };
    return { kind: at === bytes.length ? 'end' : 'torn' };
  }
}

/** Goes through the lines of a segment from its end to its beginning, a piece at each call. What is no whole line is passed over. */
export class BackwardReader {
  readonly #read: ReadBytes;
  #end: number;
  #pieceBytes = PIECE_BYTES;

  /** @param end where to begin: behind a line, or somewhere in a torn one */
  constructor(read: ReadBytes, end: number) {
    this.#read = read;
    this.#end = end;
  }

  next(visit: Visit): Piece {
    const from = Math.max(0, this.#end - this.#pieceBytes);
    const got = this.#read(from, this.#end - from);
    if (!got.ok) return { kind: 'failed', error: got.error };
    const bytes = asBuffer(got.value);
    // The first line of the piece may have its beginning in the piece before.
    const first = from === 0 ? 0 : lineFeedAt(bytes, 0) + 1;
    let end = bytes.lastIndexOf(0x0a);
    while (end >= first) {
      const before = end === 0 ? -1 : bytes.lastIndexOf(0x0a, end - 1);
      const at = Math.max(first, before + 1);
      const line = lineAt(bytes, at, end);
      if (line !== undefined && !visit(bytes, line, from + at)) return { kind: 'refused' };
      end = at - 1;
    }
    if (from === 0) return { kind: 'end' };
    // Nothing but a part of one line: it is longer than the piece.
    const isTooShort = first === 0 || first === bytes.length;
    this.#pieceBytes = isTooShort ? 2 * this.#pieceBytes : PIECE_BYTES;
    if (!isTooShort) this.#end = from + first;
    return { kind: 'more' };
  }
}
