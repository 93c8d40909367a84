import type { SysError } from '../sys/sys.ts';
import { parseJson } from './byte-json.ts';
import { readHeadPayload, type Head } from './head.ts';
import { LINE_TYPES, lineBytes, payloadOf, type Line } from './line.ts';
import { numberAt } from './payload.ts';
import { ForwardReader, type ReadBytes } from './reader.ts';
import { SpanOf, type Span } from './span.ts';
import { Values, type ValueLine } from './values.ts';

/** What a segment holds. */
export interface Scanned {
  readonly kind: 'scanned';
  readonly head: Head;
  /** What is remembered at its end. */
  readonly values: Values;
  /** The sequence of its last event, or of the last one before it. */
  readonly lastSequence: number;
  readonly span: Span;
  /** The boot in which it was last written to. */
  readonly bootId: string;
  /** Its last line is the clean end. */
  readonly isClosed: boolean;
  /** How much of it, from the beginning, is whole. */
  readonly goodBytes: number;
  readonly checkpointBytes: number;
  /** What comes behind that: nothing, a line without end, or what was never written so. */
  readonly rest: 'none' | 'torn' | 'damaged';
}

export type Scan =
  | Scanned
  /** It has no whole head and checkpoint, or those of another format. */
  | { readonly kind: 'unusable' }
  | { readonly kind: 'failed'; readonly error: SysError };

const code = (type: string): number => type.charCodeAt(0);
const HEAD = code(LINE_TYPES.head);
const VALUE = code(LINE_TYPES.value);
const FORGOTTEN = code(LINE_TYPES.forgotten);
const CHECKPOINT = code(LINE_TYPES.checkpoint);
const EVENT = code(LINE_TYPES.event);
const OPENED = code(LINE_TYPES.opened);
const CLOSED = code(LINE_TYPES.closed);
const BLANK = 0x20;

/**
 * Reads a segment, whole or as far as is said, and believes nothing that is not proved by its checksum and in its
 * place.
 */
export function scanSegment(read: ReadBytes, endBytes = Infinity): Scan {
  const scanner = new Scanner();
  const reader = new ForwardReader(read, 0, endBytes);
  for (;;) {
    const piece = reader.next((bytes, line, offset) => scanner.take(bytes, line, offset));
    switch (piece.kind) {
      case 'more':
        continue;
      case 'failed':
        return piece;
      case 'end':
        return scanner.result(reader.offset, 'none');
      case 'torn':
        return scanner.result(reader.offset, 'torn');
      case 'damaged':
      case 'refused':
        return scanner.result(reader.offset, 'damaged');
    }
  }
}

class Scanner {
  readonly #values = new Values();
  #head: Head | undefined;
  #bootId = '';
  #checkpointLines = 0;
  #checkpointBytes: number | undefined;
  #lastSequence = 0;
  readonly #span = new SpanOf();
  #isClosed = false;

  /** False for a line that cannot stand where it stands. */
  take(bytes: Buffer, line: Line, offset: number): boolean {
    if (this.#head === undefined) return line.type === HEAD && this.#takeHead(payloadOf(bytes, line));
    if (line.type === VALUE || line.type === FORGOTTEN) {
      const type = line.type === VALUE ? LINE_TYPES.value : LINE_TYPES.forgotten;
      this.#takeValue({ type, payload: payloadOf(bytes, line) });
    } else if (line.type === CHECKPOINT) {
      return this.#takeCheckpoint(line, offset, payloadOf(bytes, line));
    } else if (line.type === HEAD || (this.#checkpointBytes === undefined && isKnown(line.type))) {
      return false;
    } else if (line.type === EVENT) {
      if (numberAt(bytes, line.from, line.to) !== this.#lastSequence + 1) return false;
      this.#lastSequence += 1;
      this.#span.add(numberAt(bytes, bytes.indexOf(BLANK, line.from) + 1, line.to));
    } else if (line.type === OPENED) {
      this.#takeOpened(payloadOf(bytes, line));
    }
    this.#isClosed = line.type === CLOSED;
    return true;
  }

  result(goodBytes: number, rest: Scanned['rest']): Scan {
    const head = this.#head;
    const checkpointBytes = this.#checkpointBytes;
    if (head === undefined || checkpointBytes === undefined) return { kind: 'unusable' };
    return {
      kind: 'scanned',
      head,
      values: this.#values,
      lastSequence: this.#lastSequence,
      span: this.#span.span,
      bootId: this.#bootId,
      isClosed: this.#isClosed && rest === 'none',
      goodBytes,
      checkpointBytes,
      rest,
    };
  }

  #takeHead(payload: string): boolean {
    this.#head = readHeadPayload(payload);
    if (this.#head === undefined) return false;
    this.#bootId = this.#head.bootId;
    this.#lastSequence = this.#head.firstSequence - 1;
    this.#values.keepsForgotten = this.#head.isPastUnknown;
    return true;
  }

  #takeValue(line: ValueLine): void {
    if (this.#checkpointBytes === undefined) this.#checkpointLines += 1;
    this.#values.apply(line);
  }

  /** The checkpoint says how many lines it has: none may be missing. */
  #takeCheckpoint(line: Line, offset: number, payload: string): boolean {
    if (this.#checkpointBytes !== undefined || Number(payload) !== this.#checkpointLines) return false;
    this.#checkpointBytes = offset + lineBytes(line);
    return true;
  }

  #takeOpened(payload: string): void {
    const said = parseJson(payload) as { readonly boot?: unknown } | null | undefined;
    if (typeof said?.boot === 'string') this.#bootId = said.boot;
  }
}

/** Lines of a later version may stand in a checkpoint too. */
function isKnown(type: number): boolean {
  return type === EVENT || type === OPENED || type === CLOSED;
}
