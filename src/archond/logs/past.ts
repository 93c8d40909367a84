import { describeErrno } from '../../base/errno.ts';
import { failure } from '../../base/failure.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { SysError } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { LogCursor, PIECE_BYTES, type Advance } from './log-cursor.ts';
import { isBefore, later, type LogPoint } from './log-point.ts';
import { LogSearch } from './log-search.ts';

const LF = 0x0a;

/** Thrown where a call is over: nothing more is to be done for it. */
class Over extends Error {}

/** What a log holds, and those that were set aside before it, sent to one client as fast as it reads; then, where it is to be followed, what comes. */
export class PastLog {
  readonly #house: House;
  readonly #path: string;
  readonly #options: RequestOf<'Log'>['options'];
  readonly #call: Call;
  readonly #search: LogSearch;
  #count = 0;

  constructor(house: House, path: string, options: RequestOf<'Log'>['options'], call: Call) {
    this.#house = house;
    this.#path = path;
    this.#options = options;
    this.#call = call;
    const tools = {
      sys: house.sys,
      turn: async () => this.#turn(),
      fail: (error: SysError) => this.#fail(error),
    };
    this.#search = new LogSearch(tools, path);
  }

  async send(): Promise<void> {
    try {
      const end = this.#search.end();
      const from = later(await this.#startOfLast(end), await this.#startSince(end));
      const cursor = new LogCursor(this.#house.sys.files, this.#path, from, (time, text) => {
        this.#count += 1;
        this.#call.data('Line', time, text);
      });
      if (this.#options.follow === true) await this.#follow(cursor);
      else await this.#sendTo(cursor, end);
    } catch (error) {
      if (!(error instanceof Over)) throw error;
    }
  }

  async #sendTo(cursor: LogCursor, end: LogPoint): Promise<void> {
    while (await this.#advance(cursor, end)) await this.#turn();
    cursor.flush();
    this.#call.ok(String(this.#count));
  }

  /** Sends what there is, which grows meanwhile, until so little is left that it can be sent at once. */
  async #follow(cursor: LogCursor): Promise<void> {
    const { logs } = this.#house;
    for (;;) {
      logs.writers.drain(this.#path);
      const told = logs.told(this.#path);
      if (told !== undefined && isBefore(told, cursor.at)) cursor.rewind();
      const goal = told ?? this.#search.end();
      if (goal.number === cursor.at.number && goal.bytes - cursor.at.bytes <= PIECE_BYTES) {
        let advance = cursor.read(2, goal);
        while (advance.kind === 'read' && advance.isMore) advance = cursor.read(2, goal);
        if (advance.kind === 'failed') this.#fail(advance.error);
        /* What was told of a line that nobody ended is a line of its own. */
        if (told !== undefined && !isBefore(cursor.at, told)) cursor.flush();
        const isThere = advance.kind === 'read' && !isBefore(cursor.at, goal);
        if (isThere && (told === undefined || isSame(cursor.given, told))) break;
      }
      await this.#advance(cursor, goal);
      await this.#turn();
    }
    if (this.#call.open(String(this.#count))) logs.join(this.#call, this.#path, cursor.given);
  }

  /** Sends a piece; whether more is left. */
  async #advance(cursor: LogCursor, to: LogPoint): Promise<boolean> {
    if (this.#call.isClosed) return false;
    const advance = cursor.read(1, to);
    switch (advance.kind) {
      case 'read':
        return advance.isMore;
      case 'failed':
        return this.#fail(advance.error);
      case 'compressed':
        await this.#sendCompressed(cursor, advance);
        return true;
      case 'gone':
        cursor.pass();
        return true;
    }
  }

  /** Sends what is left of an old log that was compressed. */
  async #sendCompressed(
    cursor: LogCursor,
    { path, fromBytes }: Extract<Advance, { readonly kind: 'compressed' }>,
  ): Promise<void> {
    for await (const piece of this.#house.sys.oldFiles.content(`${path}.gz`, true, fromBytes)) {
      if (piece.ok) cursor.push(piece.value);
      else if (piece.error.code === 'ENOENT') break;
      else this.#fail(piece.error);
      await this.#turn();
    }
    cursor.pass();
  }

  /** Where the first line begins that came since the instant asked for. */
  async #startSince(end: LogPoint): Promise<LogPoint> {
    const { since } = this.#options;
    if (since === undefined) return this.#search.beginning();
    return (await this.#search.startSince(since, end)) ?? this.#startOfNext(end);
  }

  /** Where the last so many lines begin; a last line without its end counts as one. */
  async #startOfLast(end: LogPoint): Promise<LogPoint> {
    const { lines } = this.#options;
    if (lines === undefined) return this.#search.beginning();
    return lines === 0 ? this.#startOfNext(end) : this.#search.startOfLast(lines, end);
  }

  /** Where the line begins that comes next, of which there may be a part. */
  async #startOfNext(end: LogPoint): Promise<LogPoint> {
    const isOpen = this.#options.follow === true && this.#house.logs.writers.writes(this.#path);
    if (!isOpen || end.bytes === 0 || this.#search.byteAt(end.bytes - 1) === LF) return end;
    return this.#search.startOfLast(1, end);
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

function isSame(one: LogPoint, other: LogPoint): boolean {
  return !isBefore(one, other) && !isBefore(other, one);
}
