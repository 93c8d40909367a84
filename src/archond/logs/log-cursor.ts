import { formatTime } from '../../base/time.ts';
import { LineSplitter, type Line } from '../../logs/line-splitter.ts';
import { LineTimes } from '../../logs/line-times.ts';
import { oldLogs, oldPath } from '../../logs/old-logs.ts';
import { fieldOf } from '../../protocol/bytes.ts';
import type { Files, FileStatus, SysError } from '../../sys/sys.ts';
import { isBefore, presentNumber, type LogPoint } from './log-point.ts';

/** Read at once. */
export const PIECE_BYTES = 64 * 1024;

/** Takes a line as the fields of its record: the time or nothing, and the text. */
export type TakeLine = (time: string, text: string) => void;

/**
 * How far a reading came.
 * - `read`: to its end, or as far as it was to; `isMore`: more is left
 * - `compressed`: what comes next has been compressed meanwhile: it is to be pushed
 * - `gone`: what comes next has been removed meanwhile: it may be passed over
 */
export type Advance =
  | { readonly kind: 'read'; readonly isMore: boolean }
  | { readonly kind: 'compressed'; readonly path: string; readonly fromBytes: number }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: SysError };

const NOTHING: Advance = { kind: 'read', isMore: false };
const MORE: Advance = { kind: 'read', isMore: true };

/** What is read at present. */
interface Source {
  readonly path: string;
  /** Nothing comes to it any more. */
  readonly isOld: boolean;
  readonly sizeBytes: number;
}

/** Reads a log from one place on, line by line, however it is rotated, cut short or replaced. */
export class LogCursor {
  readonly path: string;
  readonly #files: Files;
  readonly #take: TakeLine;
  #number: number;
  #splitter: LineSplitter;
  #times: LineTimes;
  /** Of the log that was read last: device, inode, when it was made. Undefined while an old one is read. */
  #identity: string | undefined;

  /** Where what is read may be found when it was moved away. */
  elsewhere: () => readonly string[] = () => [];

  /** @param at where it begins: at the beginning of a line */
  constructor(files: Files, path: string, at: LogPoint, take: TakeLine) {
    this.path = path;
    this.#files = files;
    this.#take = take;
    this.#number = at.number;
    this.#times = new LineTimes(files, path);
    this.#splitter = this.#splitterAt(at.bytes);
    /* Where it is another file by the time of the first reading, that place is none in it. */
    const status = files.status(path);
    const isThere =
      status.ok && status.value.sizeBytes >= at.bytes && at.number === presentNumber(files, path);
    if (isThere) this.#identity = identityOf(status.value);
  }

  /** How far it has been read. */
  get at(): LogPoint {
    return { number: this.#number, bytes: this.#splitter.atBytes };
  }

  /** How far lines have been given out. */
  get given(): LogPoint {
    return { number: this.#number, bytes: this.#splitter.givenBytes };
  }

  /**
   * Reads what there is, at most to `to` and so many pieces of it. What has been set aside is read to its end first. A log
   * that has become shorter, or is another one, is read from its beginning.
   */
  read(pieces: number, to: LogPoint = { number: Infinity, bytes: 0 }): Advance {
    for (let left = pieces; left > 0; left -= 1) {
      if (!isBefore(this.at, to)) return NOTHING;
      const source = this.#source();
      if ('kind' in source) return source;
      const { path, sizeBytes, isOld } = source;
      const end = to.number === this.#number ? Math.min(sizeBytes, to.bytes) : sizeBytes;
      const { atBytes } = this.#splitter;
      if (atBytes < end) {
        const read = this.#files.read(path, atBytes, Math.min(PIECE_BYTES, end - atBytes));
        if (!read.ok) return { kind: 'failed', error: read.error };
        if (read.value.length === 0) return NOTHING;
        this.push(read.value);
      }
      if (this.#splitter.atBytes < sizeBytes) continue;
      if (!isOld) return NOTHING;
      this.pass();
    }
    return isBefore(this.at, to) ? MORE : NOTHING;
  }

  /** Takes bytes that come next. */
  push(bytes: Uint8Array): void {
    this.#times.refresh();
    this.#splitter.push(bytes);
  }

  /** What was set aside and is read at present is over. */
  pass(): void {
    this.#beginAnew();
    this.#number += 1;
    this.#identity = undefined;
  }

  /** Gives out what there is of a last line that has not ended. */
  flush(): void {
    this.#splitter.flush();
  }

  /** Has read no further than lines have been given out. */
  rewind(): void {
    this.#splitter = this.#splitterAt(this.#splitter.givenBytes);
  }

  #source(): Source | Advance {
    const status = this.#files.status(this.path);
    if (!status.ok && status.error.code !== 'ENOENT') return { kind: 'failed', error: status.error };
    const identity = status.ok ? identityOf(status.value) : undefined;
    if (identity === undefined || identity !== this.#identity) {
      const other = this.#old() ?? this.#movedAway();
      if (other !== undefined) return other;
    }
    if (!status.ok || !status.value.isPlain) return NOTHING;
    const { sizeBytes } = status.value;
    const isOther = this.#identity !== undefined && this.#identity !== identity;
    if (isOther || sizeBytes < this.#splitter.atBytes) this.#beginAnew();
    this.#identity = identity;
    return { path: this.path, isOld: false, sizeBytes };
  }

  /** Where what it reads has been set aside. */
  #old(): Source | Advance | undefined {
    const old = oldLogs(this.#files, this.path);
    const highest = old.at(-1)?.number ?? 0;
    if (this.#number > highest) return undefined;
    const found = old.find(({ number }) => number === this.#number);
    if (found === undefined) return { kind: 'gone' };
    const path = oldPath(this.path, this.#number);
    this.#times.movedTo(path);
    this.#identity = undefined;
    if (!found.isPlain) return { kind: 'compressed', path, fromBytes: this.#splitter.atBytes };
    const status = this.#files.status(path);
    if (!status.ok) return { kind: 'failed', error: status.error };
    return { path, isOld: true, sizeBytes: status.value.sizeBytes };
  }

  /** Where somebody has moved away what it reads, and more may still come to that. */
  #movedAway(): Source | undefined {
    if (this.#identity === undefined) return undefined;
    for (const path of this.elsewhere()) {
      const status = this.#files.status(path);
      if (
        status.ok &&
        identityOf(status.value) === this.#identity &&
        status.value.sizeBytes >= this.#splitter.atBytes
      )
        return { path, isOld: false, sizeBytes: status.value.sizeBytes };
    }
    return undefined;
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

/** Device, inode, and when it was made. */
function identityOf({ device, inode, madeAtNs }: FileStatus): string {
  return `${device}:${inode}:${madeAtNs}`;
}
