import type { EventRecord } from '../base/event-record.ts';
import { LINE_TYPES, payloadOf, type Line } from './line.ts';
import { numberAt, readEventPayload } from './payload.ts';
import { BackwardReader } from './reader.ts';
import { headOf, readerOf, type Segment, type Segments } from './segments.ts';
import type { Current } from './writer.ts';

/** Which events make a chain. */
export interface ChainQuery {
  /** The number of the first one, where that is known; it counts only if `isFirst` says so too. */
  readonly from?: number | undefined;
  /** The label of the first one. */
  readonly label: string;
  /** Whether a chain may begin with this event of the label: the newest such one is it. */
  readonly isFirst: (event: EventRecord) => boolean;
  /** The number of the event before it in the chain, which is lower; undefined: there is none. */
  readonly before: (event: EventRecord) => number | undefined;
}

/** What one piece brought, newest first; it may hold no event and not be the last. */
export interface ChainSlice {
  readonly events: readonly EventRecord[];
  readonly isLast: boolean;
}

const EVENT = LINE_TYPES.event.charCodeAt(0);
const BLANK = 0x20;

/**
 * Follows events backward from one to the one before it, a piece of a segment at each call of `next`. What lies between
 * them in segments of its own is not read. A chain of which an event is not kept any more ends before that. It holds
 * nothing open; it may be dropped at any time.
 */
export class EventChain {
  readonly #query: ChainQuery;
  readonly #places: readonly { readonly segment: Segment; readonly end: number | undefined }[];
  readonly #needle: Buffer;
  /** The place that is being read; -1 when there is none left. */
  #at: number;
  #backward: BackwardReader | undefined;
  /** The number of the next event; undefined while the newest of the label is looked for. */
  #wanted: number | undefined;
  #hasBegun = false;

  constructor(segments: Segments, current: Current, query: ChainQuery) {
    this.#query = query;
    this.#places = segments.all.map((segment) => ({
      segment,
      end: segment === current.segment ? current.bytes : segment.goodBytes,
    }));
    this.#needle = Buffer.from(`["${query.label}",`, 'latin1');
    this.#at = this.#places.length - 1;
    this.#wanted = query.from;
  }

  next(): ChainSlice {
    const events: EventRecord[] = [];
    const place = this.#places[this.#at];
    if (place === undefined) return { events, isLast: this.#isOver() };
    const backward = this.#backward ?? this.#enter(place.segment, place.end);
    const piece = backward?.next((bytes, line) => this.#take(bytes, line, events));
    this.#backward = backward;
    if (piece?.kind === 'refused') return { events, isLast: this.#isOver() };
    if (piece?.kind !== 'more') {
      this.#at -= 1;
      this.#backward = undefined;
    }
    return { events, isLast: false };
  }

  /** The end of what there is: where the first one was not to be found by its number it is looked for. */
  #isOver(): boolean {
    if (this.#hasBegun || this.#wanted === undefined) return true;
    this.#wanted = undefined;
    this.#at = this.#places.length - 1;
    this.#backward = undefined;
    return false;
  }

  /** Undefined where what is wanted cannot be in it. */
  #enter(segment: Segment, end: number | undefined): BackwardReader | undefined {
    const head = segment.isGone ? undefined : headOf(segment);
    if (head === undefined) return undefined;
    if (this.#wanted !== undefined && head.firstSequence > this.#wanted) return undefined;
    const size = segment.store.sizeBytes(segment.ordinal);
    return size.ok ? new BackwardReader(readerOf(segment), Math.min(size.value, end ?? Infinity)) : undefined;
  }

  /** False where nothing more is wanted of what comes before this line. */
  #take(bytes: Buffer, line: Line, events: EventRecord[]): boolean {
    if (line.type !== EVENT) return true;
    if (this.#wanted === undefined) {
      if (!this.#isOfLabel(bytes, line)) return true;
    } else {
      const number = numberAt(bytes, line.from, line.to);
      if (number !== this.#wanted) return number > this.#wanted;
    }
    const event = readEventPayload(payloadOf(bytes, line));
    if (event === undefined) return true;
    if (!this.#hasBegun && !(event.label === this.#query.label && this.#query.isFirst(event)))
      return this.#wanted === undefined;
    this.#hasBegun = true;
    events.push(event);
    const before = this.#query.before(event);
    if (before === undefined || before >= event.sequence) return false;
    this.#wanted = before;
    return true;
  }

  /** Most lines are of others: these are not read. */
  #isOfLabel(bytes: Buffer, { from, to }: Line): boolean {
    const at = bytes.indexOf(BLANK, bytes.indexOf(BLANK, from) + 1) + 1;
    const end = at + this.#needle.length;
    return end <= to && bytes.compare(this.#needle, 0, this.#needle.length, at, end) === 0;
  }
}
