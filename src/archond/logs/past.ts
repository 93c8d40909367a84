import { describeErrno } from '../../base/errno.ts';
import { failure } from '../../base/failure.ts';
import { offsetSince } from '../../logs/line-times.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { SysError } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { LogCursor, PIECE_BYTES } from './log-cursor.ts';

const LF = 0x0a;

/** Thrown where a call is over: nothing more is to be done for it. */
class Over extends Error {}

/** What a log holds, sent to one client as fast as it reads; then, where it is to be followed, what comes. */
export class PastLog {
  readonly #house: House;
  readonly #path: string;
  readonly #options: RequestOf<'Log'>['options'];
  readonly #call: Call;
  #count = 0;

  constructor(house: House, path: string, options: RequestOf<'Log'>['options'], call: Call) {
    this.#house = house;
    this.#path = path;
    this.#options = options;
    this.#call = call;
  }

  async send(): Promise<void> {
    try {
      const endBytes = this.#sizeBytes();
      const from = Math.max(await this.#startOfLast(endBytes), await this.#startSince(endBytes));
      const cursor = new LogCursor(this.#house.sys.files, this.#path, from, (time, text) => {
        this.#count += 1;
        this.#call.data('Line', time, text);
      });
      if (this.#options.follow === true) await this.#follow(cursor);
      else await this.#sendTo(cursor, endBytes);
    } catch (error) {
      if (!(error instanceof Over)) throw error;
    }
  }

  async #sendTo(cursor: LogCursor, endBytes: number): Promise<void> {
    while (this.#advance(cursor, 1, endBytes)) await this.#turn();
    cursor.flush();
    this.#call.ok(String(this.#count));
  }

  /** Sends what there is, which grows meanwhile, until so little is left that it can be sent at once. */
  async #follow(cursor: LogCursor): Promise<void> {
    const { logs } = this.#house;
    for (;;) {
      logs.writers.drain(this.#path);
      const told = logs.toldBytes(this.#path);
      if (told !== undefined && cursor.atBytes > told) cursor.rewind();
      const goalBytes = told ?? this.#sizeBytes();
      if (goalBytes - cursor.atBytes <= PIECE_BYTES) {
        while (this.#advance(cursor, 1, goalBytes));
        /* What was told of a line that nobody ended is a line of its own. */
        if (told !== undefined && cursor.atBytes === told) cursor.flush();
        if (told === undefined || cursor.givenBytes === told) break;
      }
      this.#advance(cursor, 1, goalBytes);
      await this.#turn();
    }
    if (this.#call.open(String(this.#count))) logs.join(this.#call, this.#path, cursor.givenBytes);
  }

  /** Sends so many pieces; whether more is left. */
  #advance(cursor: LogCursor, pieces: number, toBytes: number): boolean {
    const read = cursor.read(pieces, toBytes);
    return read.ok ? read.isMore && !this.#call.isClosed : this.#fail(read.error);
  }

  #sizeBytes(): number {
    const status = this.#house.sys.files.status(this.#path);
    if (status.ok) return status.value.sizeBytes;
    return status.error.code === 'ENOENT' ? 0 : this.#fail(status.error);
  }

  /** Where the first line begins that came since the instant asked for. */
  async #startSince(endBytes: number): Promise<number> {
    const { since } = this.#options;
    if (since === undefined) return 0;
    const offset = offsetSince(this.#house.sys.files, this.#path, since);
    if (offset === undefined || offset >= endBytes) return this.#startOfNext(endBytes);
    return offset === 0 ? 0 : this.#behindNextEnd(offset - 1, endBytes);
  }

  async #behindNextEnd(fromBytes: number, endBytes: number): Promise<number> {
    for (let from = fromBytes; from < endBytes; from += PIECE_BYTES) {
      const at = this.#read(from, Math.min(PIECE_BYTES, endBytes - from)).indexOf(LF);
      if (at >= 0) return from + at + 1;
      await this.#turn();
    }
    return this.#startOfNext(endBytes);
  }

  /** Where the last so many lines begin; a last line without its end counts as one. */
  async #startOfLast(endBytes: number): Promise<number> {
    const { lines } = this.#options;
    if (lines === undefined) return 0;
    if (lines === 0) return this.#startOfNext(endBytes);
    return this.#startOf(lines, endBytes);
  }

  /** Where the line begins that comes next, of which there may be a part. */
  async #startOfNext(endBytes: number): Promise<number> {
    const isOpen = this.#options.follow === true && this.#house.logs.writers.writes(this.#path);
    if (!isOpen || endBytes === 0 || this.#read(endBytes - 1, 1)[0] === LF) return endBytes;
    return this.#startOf(1, endBytes);
  }

  async #startOf(lines: number, endBytes: number): Promise<number> {
    let left = lines;
    let to = endBytes;
    while (to > 0) {
      const from = Math.max(0, to - PIECE_BYTES);
      const piece = this.#read(from, to - from);
      for (let at = piece.lastIndexOf(LF); at >= 0; at = at === 0 ? -1 : piece.lastIndexOf(LF, at - 1)) {
        if (from + at === endBytes - 1) continue;
        left -= 1;
        if (left === 0) return from + at + 1;
      }
      to = from;
      await this.#turn();
    }
    return 0;
  }

  #read(from: number, bytes: number): Buffer {
    const read = this.#house.sys.files.read(this.#path, from, bytes);
    if (!read.ok) return this.#fail(read.error);
    return Buffer.from(read.value.buffer, read.value.byteOffset, read.value.length);
  }

  #fail({ code }: SysError): never {
    this.#call.fail(failure('failed', `cannot read ${fieldOfText(this.#path)}: ${describeErrno(code)}`));
    throw new Over();
  }

  /** Others first; and not before the client has read most of what was sent. */
  async #turn(): Promise<void> {
    await this.#house.turn();
    if (!this.#call.isClosed) await this.#call.untilWritable();
    if (this.#call.isClosed) throw new Over();
  }
}
