import { describeErrno } from '../../base/errno.ts';
import { failure } from '../../base/failure.ts';
import { fieldOf } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { noSuchUnit } from './targets.ts';

const LF = 0x0a;
/** Read at once; between two pieces others have their turn. */
const PIECE_BYTES = 64 * 1024;
/** A longer line goes out in records of so many bytes each. */
const MAX_LINE_BYTES = 256 * 1024;

/** `Log`: the lines of a unit's log as it is now, or the last of them. What a Run wrote can be had while its log is there. */
export function log(house: House, request: RequestOf<'Log'>, call: Call): void {
  const { follow, fd, since, lines } = request.options;
  const option =
    follow === true ? '@follow' : fd === true ? '@fd' : since !== undefined ? '@since' : undefined;
  if (option !== undefined) {
    call.fail(failure('unsupported', `Log with ${option} cannot be had in this version`));
    return;
  }
  const { label } = request.args;
  const { supervisor, streams, sys } = house;
  const record = supervisor.records.get(label);
  record?.output?.drain();
  const path = streams.logPath(label);
  const status = sys.files.status(path);
  if (!status.ok) {
    if (status.error.code !== 'ENOENT') {
      call.fail(failure('failed', `cannot read ${path}: ${describeErrno(status.error.code)}`));
    } else if (record === undefined) {
      call.fail(noSuchUnit(label));
    } else {
      call.ok('0');
    }
    return;
  }
  const reader = new LogReader(house, path, call);
  reader.send(status.value.sizeBytes, lines).catch((error: unknown) => {
    house.broke(error, call);
  });
}

class LogReader {
  readonly #house: House;
  readonly #path: string;
  readonly #call: Call;
  #count = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(house: House, path: string, call: Call) {
    this.#house = house;
    this.#path = path;
    this.#call = call;
  }

  /** Sends what lies before `endBytes`, or the last so many lines of it. */
  async send(endBytes: number, lines: number | undefined): Promise<void> {
    let at = lines === undefined ? 0 : await this.#startOfLast(lines, endBytes);
    while (at < endBytes && !this.#call.isClosed) {
      const piece = this.#read(at, Math.min(PIECE_BYTES, endBytes - at));
      if (piece === undefined) return;
      if (piece.length === 0) break; // it was cut meanwhile
      at += piece.length;
      this.#lines(piece);
      await this.#turn();
    }
    if (this.#rest.length > 0) this.#line(this.#rest);
    this.#call.ok(String(this.#count));
  }

  /** Where the last so many lines begin; a last line without its end counts as one. */
  async #startOfLast(lines: number, endBytes: number): Promise<number> {
    if (lines === 0) return endBytes;
    let left = lines;
    let to = endBytes;
    while (to > 0) {
      const from = Math.max(0, to - PIECE_BYTES);
      const piece = this.#read(from, to - from);
      if (piece === undefined) return endBytes;
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

  /** A piece of the file; where it cannot be read the call is closed. */
  #read(from: number, bytes: number): Buffer | undefined {
    const read = this.#house.sys.files.read(this.#path, from, bytes);
    if (read.ok) return Buffer.from(read.value.buffer, read.value.byteOffset, read.value.length);
    this.#call.fail(failure('failed', `cannot read ${this.#path}: ${describeErrno(read.error.code)}`));
    return undefined;
  }

  #lines(piece: Buffer): void {
    let from = 0;
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, from)) {
      this.#line(Buffer.concat([this.#rest, piece.subarray(from, end)]));
      this.#rest = Buffer.alloc(0);
      from = end + 1;
    }
    this.#rest = Buffer.concat([this.#rest, piece.subarray(from)]);
    while (this.#rest.length > MAX_LINE_BYTES) {
      this.#line(this.#rest.subarray(0, MAX_LINE_BYTES));
      this.#rest = this.#rest.subarray(MAX_LINE_BYTES);
    }
  }

  #line(bytes: Uint8Array): void {
    this.#count += 1;
    this.#call.data('Line', '', fieldOf(bytes));
  }

  /** Others first; and not before the client has read most of what was sent. */
  async #turn(): Promise<void> {
    await this.#house.turn();
    if (!this.#call.isClosed) await this.#call.untilWritable();
  }
}
