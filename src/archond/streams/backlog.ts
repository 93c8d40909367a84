/** A piece begins so small, since many listeners with filters of their own have one each, */
const FIRST_BYTES = 4096;
/** and grows up to this. */
const LARGEST_BYTES = 64 * 1024;

/** A piece of what was sent. Its bytes are written once, and shared by all that read them. */
interface Piece {
  readonly bytes: Buffer;
  length: number;
  next: Piece | undefined;
}

/**
 * Lines on their way to several readers, each of which has got so far and no further. What all have
 * passed is free again; what the slowest has not is there once, however many are slow.
 */
export class Backlog {
  readonly #readers = new Set<BacklogReader>();
  #last = newPiece(FIRST_BYTES);
  /** All bytes that were ever added. */
  #endBytes = 0;

  get endBytes(): number {
    return this.#endBytes;
  }

  /** A reader of what is added from now on. */
  read(): BacklogReader {
    const reader = new BacklogReader(this, this.#last, this.#last.length, this.#endBytes);
    this.#readers.add(reader);
    return reader;
  }

  /** The reader will read no more. */
  drop(reader: BacklogReader): void {
    this.#readers.delete(reader);
  }

  /** @param text ASCII, whole lines */
  add(text: string): void {
    let piece = this.#last;
    if (piece.length + text.length > piece.bytes.length) {
      const room = Math.max(text.length, Math.min(LARGEST_BYTES, 4 * piece.bytes.length));
      piece = newPiece(room);
      this.#last.next = piece;
      this.#last = piece;
    }
    piece.bytes.write(text, piece.length, 'latin1');
    piece.length += text.length;
    this.#endBytes += text.length;
  }

  /** Where all have read everything the last piece begins anew. */
  tidy(): void {
    for (const reader of this.#readers) if (reader.waitingBytes > 0) return;
    if (this.#last.bytes.length === FIRST_BYTES) this.#last.length = 0;
    else this.#last = newPiece(FIRST_BYTES);
    for (const reader of this.#readers) reader.goTo(this.#last);
  }
}

/** How far one reader has got. */
export class BacklogReader {
  readonly #backlog: Backlog;
  #piece: Piece;
  #offset: number;
  #position: number;

  constructor(backlog: Backlog, piece: Piece, offset: number, position: number) {
    this.#backlog = backlog;
    this.#piece = piece;
    this.#offset = offset;
    this.#position = position;
  }

  /** What it has not read. */
  get waitingBytes(): number {
    return this.#backlog.endBytes - this.#position;
  }

  /** The next bytes, whole lines, valid until more is added; none where there is nothing. */
  take(): Uint8Array | undefined {
    while (this.#offset === this.#piece.length) {
      if (this.#piece.next === undefined) return undefined;
      this.#piece = this.#piece.next;
      this.#offset = 0;
    }
    const bytes = this.#piece.bytes.subarray(this.#offset, this.#piece.length);
    this.#offset = this.#piece.length;
    this.#position += bytes.length;
    return bytes;
  }

  /** Goes on at the beginning of a piece; it has read all before. */
  goTo(piece: Piece): void {
    this.#piece = piece;
    this.#offset = 0;
  }

  close(): void {
    this.#backlog.drop(this);
  }
}

function newPiece(room: number): Piece {
  return { bytes: Buffer.allocUnsafeSlow(room), length: 0, next: undefined };
}
