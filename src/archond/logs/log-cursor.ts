import { formatTime } from '../../base/time.ts';
import { LineSplitter, type Line } from '../../logs/line-splitter.ts';
import { LineTimes } from '../../logs/line-times.ts';
import { fieldOf } from '../../protocol/bytes.ts';
import type { Files, SysError } from '../../sys/sys.ts';

/** Read at once. */
export const PIECE_BYTES = 64 * 1024;

/** Takes a line as the fields of its record: the time or nothing, and the text. */
export type TakeLine = (time: string, text: string) => void;

/** Reads a log from one place on, line by line, however it is cut short or replaced. */
export class LogCursor {
  readonly path: string;
  readonly #files: Files;
  readonly #take: TakeLine;
  #splitter: LineSplitter;
  #times: LineTimes;
  /** Of the file that was read last: device, inode, when it was made. */
  #identity: string | undefined;

  /** @param atBytes where it begins: at the beginning of a line */
  constructor(files: Files, path: string, atBytes: number, take: TakeLine) {
    this.path = path;
    this.#files = files;
    this.#take = take;
    this.#times = new LineTimes(files, path);
    this.#splitter = this.#splitterAt(atBytes);
  }

  /** How far it has been read. */
  get atBytes(): number {
    return this.#splitter.atBytes;
  }

  /** How far lines have been given out. */
  get givenBytes(): number {
    return this.#splitter.givenBytes;
  }

  /**
   * Reads what there is, at most to `toBytes` and so many pieces of it; true where more is left. A file that has become
   * shorter, or is another one, is read from its beginning.
   */
  read(pieces: number, toBytes = Infinity): { readonly ok: true; readonly isMore: boolean } | Failed {
    const status = this.#files.status(this.path);
    if (!status.ok) return status.error.code === 'ENOENT' ? NOTHING : { ok: false, error: status.error };
    const { isPlain, sizeBytes, device, inode, madeAtNs } = status.value;
    if (!isPlain) return NOTHING;
    const identity = `${device}:${inode}:${madeAtNs}`;
    const isOther = this.#identity !== undefined && this.#identity !== identity;
    if (isOther || sizeBytes < this.#splitter.atBytes) this.#beginAnew();
    this.#identity = identity;
    const end = Math.min(sizeBytes, toBytes);
    for (let left = pieces; left > 0 && this.#splitter.atBytes < end; left -= 1) {
      const { atBytes } = this.#splitter;
      const read = this.#files.read(this.path, atBytes, Math.min(PIECE_BYTES, end - atBytes));
      if (!read.ok) return read;
      if (read.value.length === 0) break;
      this.#times.refresh();
      this.#splitter.push(read.value);
    }
    return { ok: true, isMore: this.#splitter.atBytes < end };
  }

  /** Gives out what there is of a last line that has not ended. */
  flush(): void {
    this.#splitter.flush();
  }

  /** Has read no further than lines have been given out. */
  rewind(): void {
    this.#splitter = this.#splitterAt(this.#splitter.givenBytes);
  }

  #beginAnew(): void {
    this.#splitter.flush();
    this.#times = new LineTimes(this.#files, this.path);
    this.#splitter = this.#splitterAt(0);
  }

  #splitterAt(atBytes: number): LineSplitter {
    return new LineSplitter(atBytes, ({ bytes, startBytes }: Line) => {
      const timeNs = this.#times.at(startBytes);
      this.#take(timeNs === undefined ? '' : formatTime(timeNs), fieldOf(bytes));
    });
  }
}

interface Failed {
  readonly ok: false;
  readonly error: SysError;
}

const NOTHING = { ok: true, isMore: false } as const;
