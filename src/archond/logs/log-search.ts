import { offsetSince } from '../../logs/line-times.ts';
import { oldLogs, oldPath } from '../../logs/old-logs.ts';
import type { Sys, SysError } from '../../sys/sys.ts';
import { PIECE_BYTES } from './log-cursor.ts';
import { presentNumber, type LogPoint } from './log-point.ts';

const LF = 0x0a;

/** What a search in a log is carried out with. */
export interface SearchTools {
  readonly sys: Sys;
  /** Lets others have their turn; throws where nobody wants to know any more. */
  turn(): Promise<void>;
  /** Throws. */
  fail(error: SysError): never;
}

/** Finds places in a log and in those that were set aside before it. What goes missing meanwhile is left out. */
export class LogSearch {
  readonly #tools: SearchTools;
  readonly #path: string;

  constructor(tools: SearchTools, path: string) {
    this.#tools = tools;
    this.#path = path;
  }

  /** The end of all that there is. */
  end(): LogPoint {
    const { files } = this.#tools.sys;
    const number = presentNumber(files, this.#path);
    const status = files.status(this.#path);
    if (status.ok) return { number, bytes: status.value.sizeBytes };
    return status.error.code === 'ENOENT' ? { number, bytes: 0 } : this.#tools.fail(status.error);
  }

  /** The beginning of all that there is. */
  beginning(): LogPoint {
    const { files } = this.#tools.sys;
    const [oldest] = oldLogs(files, this.#path);
    return { number: oldest?.number ?? presentNumber(files, this.#path), bytes: 0 };
  }

  /** Where the last so many lines before a place begin; a last line without its end counts as one. */
  async startOfLast(lines: number, end: LogPoint): Promise<LogPoint> {
    const present = await this.#linesBack(lines, end);
    if (present.left === 0) return { number: end.number, bytes: present.bytes };
    let { left } = present;
    let start: LogPoint = { number: end.number, bytes: 0 };
    for (const { number } of this.#before(end.number)) {
      const count = await this.#behindLine(number, Infinity);
      if (count === undefined) break;
      start = { number, bytes: 0 };
      if (count.lines >= left) {
        const found = await this.#behindLine(number, count.lines - left);
        return { number, bytes: found?.bytes ?? 0 };
      }
      left -= count.lines;
    }
    return start;
  }

  /** Where the first line begins that came since an instant, at `end` or before; undefined where none has. */
  async startSince(sinceNs: bigint, end: LogPoint): Promise<LogPoint | undefined> {
    const { files } = this.#tools.sys;
    let start: LogPoint | undefined;
    const present = offsetSince(files, this.#path, sinceNs);
    if (present.offsetBytes !== undefined && present.offsetBytes < end.bytes) {
      start = { number: end.number, bytes: present.offsetBytes };
    }
    if (!present.hasEarlier) {
      for (const { number } of this.#before(end.number)) {
        const { offsetBytes, hasEarlier } = offsetSince(files, oldPath(this.#path, number), sinceNs);
        if (offsetBytes !== undefined) start = { number, bytes: offsetBytes };
        else if (!hasEarlier) break;
        if (hasEarlier) break;
      }
    }
    if (start === undefined || start.bytes === 0) return start;
    if (start.number !== end.number) return this.#lineBehind(start);
    const bytes = await this.#behindNextEnd(start.bytes - 1, end.bytes);
    return bytes === undefined ? undefined : { number: end.number, bytes };
  }

  /** A byte of the log that is written now. */
  byteAt(bytes: number): number | undefined {
    return this.#read(bytes, 1)[0];
  }

  /** Those set aside before one, the newest first. */
  #before(before: number): readonly { readonly number: number }[] {
    return oldLogs(this.#tools.sys.files, this.#path)
      .filter(({ number }) => number < before)
      .toReversed();
  }

  /** From the end of the present log back: where the line begins, or how many lines are still to be found before it. */
  async #linesBack(
    lines: number,
    { bytes: endBytes }: LogPoint,
  ): Promise<{ readonly left: number; readonly bytes: number }> {
    let left = lines;
    let to = endBytes;
    while (to > 0) {
      const from = Math.max(0, to - PIECE_BYTES);
      const piece = this.#read(from, to - from);
      for (let at = piece.lastIndexOf(LF); at >= 0; at = at === 0 ? -1 : piece.lastIndexOf(LF, at - 1)) {
        if (from + at === endBytes - 1) continue;
        left -= 1;
        if (left === 0) return { left, bytes: from + at + 1 };
      }
      to = from;
      await this.#tools.turn();
    }
    return { left: endBytes > 0 ? left - 1 : left, bytes: 0 };
  }

  async #behindNextEnd(fromBytes: number, endBytes: number): Promise<number | undefined> {
    for (let from = fromBytes; from < endBytes; from += PIECE_BYTES) {
      const at = this.#read(from, Math.min(PIECE_BYTES, endBytes - from)).indexOf(LF);
      if (at >= 0) return from + at + 1;
      await this.#tools.turn();
    }
    return undefined;
  }

  /** Where in an old log so many lines are over, or all, with how many they are; undefined where it is not there any more. */
  async #behindLine(
    number: number,
    lines: number,
  ): Promise<{ readonly lines: number; readonly bytes: number } | undefined> {
    let [count, bytes, isOpen] = [0, 0, false];
    if (lines === 0) return { lines: 0, bytes: 0 };
    for await (const piece of this.#content(number, 0)) {
      if (piece === undefined) return undefined;
      for (let at = piece.indexOf(LF); at >= 0; at = piece.indexOf(LF, at + 1)) {
        count += 1;
        if (count === lines) return { lines: count, bytes: bytes + at + 1 };
      }
      isOpen = piece.at(-1) !== LF;
      bytes += piece.length;
      await this.#tools.turn();
    }
    return { lines: isOpen ? count + 1 : count, bytes };
  }

  /** Where the next line begins in an old log, or behind it. */
  async #lineBehind({ number, bytes }: LogPoint): Promise<LogPoint> {
    let at = bytes - 1;
    for await (const piece of this.#content(number, at)) {
      const end = piece?.indexOf(LF) ?? -1;
      if (end >= 0) return { number, bytes: at + end + 1 };
      at += piece?.length ?? 0;
      await this.#tools.turn();
    }
    return { number: number + 1, bytes: 0 };
  }

  /** An old log from a place on; undefined where it is not there any more. */
  async *#content(number: number, fromBytes: number): AsyncGenerator<Buffer | undefined> {
    const { files, oldFiles } = this.#tools.sys;
    const path = oldPath(this.#path, number);
    const isPlain = files.status(path).ok;
    for await (const piece of oldFiles.content(isPlain ? path : `${path}.gz`, !isPlain, fromBytes)) {
      if (!piece.ok && piece.error.code === 'ENOENT') yield undefined;
      else if (!piece.ok) this.#tools.fail(piece.error);
      else yield Buffer.from(piece.value.buffer, piece.value.byteOffset, piece.value.length);
    }
  }

  #read(from: number, bytes: number): Buffer {
    const read = this.#tools.sys.files.read(this.#path, from, bytes);
    /* It has been set aside meanwhile: what is not there any more has no lines. */
    if (!read.ok) return read.error.code === 'ENOENT' ? Buffer.alloc(0) : this.#tools.fail(read.error);
    return Buffer.from(read.value.buffer, read.value.byteOffset, read.value.length);
  }
}
