import type { EventRecord } from '../base/event-record.ts';
import { LINE_TYPES, payloadOf, type Line } from './line.ts';
import { numberAt, readEventPayload } from './payload.ts';
import { BackwardReader, ForwardReader } from './reader.ts';
import { headOf, readerOf, type Segment, type Segments } from './segments.ts';
import { mayHold, type Span } from './span.ts';
import type { Current } from './writer.ts';

/** Which events are wanted. */
export interface EventQuery {
  /** Only those of the present journal id with a greater number; see `Journal.firstKept`. */
  readonly after?: number;
  /** Not those before this instant; nanoseconds since 1970. */
  readonly sinceNs?: bigint;
  /** Not those after this instant. */
  readonly untilNs?: bigint;
  readonly label?: (label: string) => boolean;
  readonly kind?: string;
  /** Of these the last so many only. */
  readonly last?: number;
}

/** What one piece brought; it may hold no event and not be the last. */
export interface Slice {
  readonly events: readonly EventRecord[];
  /** Events that should stand before these, and behind those of the slice before, cannot be read. */
  readonly isGap: boolean;
  readonly isLast: boolean;
}

/** A segment as it was when the cursor was made. */
interface Place {
  readonly segment: Segment;
  /** Undefined where it is not known how much of it is whole. */
  readonly end: number | undefined;
  readonly span: Span | undefined;
}

const EVENT = LINE_TYPES.event.charCodeAt(0);

/**
 * Reads what a query asks for, at most one piece of a segment at each call of `next`, so that whoever asks
 * can do other things in between. It holds nothing open; it may be dropped at any time.
 *
 * First it goes backward to where it has to begin, if only the last or those after a number are wanted,
 * then forward. Segments of which it is known that their events are of another time are not read.
 */
export class EventCursor {
  readonly #query: EventQuery;
  readonly #places: readonly Place[];
  readonly #upTo: number;
  /** The place that is being read. */
  #at: number;
  #backward: BackwardReader | undefined;
  #forward: ForwardReader | undefined;
  #isSeeking: boolean;
  /** How many matching events were seen on the way back. */
  #seen = 0;
  /** The place before this one, if it was read. */
  #before: Place | undefined;
  /** The number that the next event has to have; undefined where any may come. */
  #expected: number | undefined;
  #isGap = false;

  /** @param first index of the first segment that is asked; @param upTo the last event that there is */
  constructor(segments: Segments, first: number, current: Current, upTo: number, query: EventQuery) {
    this.#query = query;
    this.#upTo = upTo;
    this.#places = segments.all.slice(first).map((segment, index) => {
      const isCurrent = segment === current.segment;
      const end = isCurrent ? current.bytes : segment.goodBytes;
      return { segment, end, span: isCurrent ? current.span.span : segments.spanOf(first + index) };
    });
    const { after, last } = query;
    this.#isSeeking = last !== 0 && (after !== undefined || last !== undefined);
    this.#at = this.#isSeeking ? this.#places.length - 1 : 0;
    if (last === 0) this.#at = this.#places.length;
    this.#expected = after === undefined || last === 0 ? undefined : after + 1;
  }

  next(): Slice {
    const events: EventRecord[] = [];
    const isGap = this.#isGap;
    this.#isGap = false;
    const place = this.#places[this.#at];
    if (this.#isSeeking) this.#seek(place);
    else if (place === undefined) return { events, isGap: isGap || this.#isShort(), isLast: true };
    else this.#read(place, events);
    return { events, isGap, isLast: false };
  }

  // ---- backward ------------------------------------------------------------------------------

  #seek(place: Place | undefined): void {
    if (place === undefined) {
      this.#start(0, 0);
      return;
    }
    const backward = this.#backward ?? this.#enterBackward(place);
    let offset = 0;
    const piece = backward?.next((bytes, line, at) => {
      offset = at;
      return !this.#isBeginning(bytes, line);
    });
    if (piece?.kind === 'refused') this.#start(this.#at, offset);
    else if (piece?.kind !== 'more') {
      this.#at -= 1;
      this.#backward = undefined;
    } else this.#backward = backward;
  }

  /** Undefined where the place need not, or cannot, be read on the way back. */
  #enterBackward({ segment, end, span }: Place): BackwardReader | undefined {
    const { after, last, sinceNs, untilNs } = this.#query;
    const head = segment.isGone ? undefined : headOf(segment);
    if (head === undefined || !mayHold(span, sinceNs, untilNs)) return undefined;
    // Everything in it is wanted.
    if (last === undefined && after !== undefined && head.firstSequence > after) return undefined;
    const size = segment.store.sizeBytes(segment.ordinal);
    return size.ok ? new BackwardReader(readerOf(segment), Math.min(size.value, end ?? Infinity)) : undefined;
  }

  /** Is this the event where reading has to begin? */
  #isBeginning(bytes: Buffer, line: Line): boolean {
    if (line.type !== EVENT) return false;
    const { after, last } = this.#query;
    if (after !== undefined && numberAt(bytes, line.from, line.to) <= after) return true;
    if (last === undefined || this.#matching(bytes, line) === undefined) return false;
    this.#seen += 1;
    return this.#seen === last;
  }

  #start(at: number, offset: number): void {
    this.#isSeeking = false;
    this.#at = at;
    this.#backward = undefined;
    const place = this.#places[at];
    if (place === undefined || offset === 0) return;
    this.#before = place;
    this.#forward = new ForwardReader(readerOf(place.segment), offset, place.end ?? Infinity);
    // The last so many may begin anywhere.
    if (this.#seen > 0) this.#expected = undefined;
  }

  // ---- forward -------------------------------------------------------------------------------

  #read(place: Place, events: EventRecord[]): void {
    if (this.#forward === undefined) {
      this.#forward = this.#enter(place);
      // What is missing is told before what comes behind it.
      if (this.#forward !== undefined && this.#isGap) return;
    }
    const forward = place.segment.isGone ? undefined : this.#forward;
    const piece = forward?.next((bytes, line) => this.#take(place, bytes, line, events));
    if (piece?.kind === 'more' || piece?.kind === 'refused') return;
    // What it should have had and did not is seen by the number with which the next one begins. Where it
    // cannot be read now it may be later.
    if (piece?.kind === 'failed') this.#before = undefined;
    this.#at += 1;
    this.#forward = undefined;
  }

  #enter(place: Place): ForwardReader | undefined {
    const before = this.#before;
    const { sinceNs, untilNs } = this.#query;
    const { segment, end, span } = place;
    const head = segment.isGone ? undefined : headOf(segment);
    if (head === undefined) {
      this.#noteGap(undefined);
      return undefined;
    }
    this.#before = place;
    if (!mayHold(span, sinceNs, untilNs)) {
      this.#expected = undefined;
      return undefined;
    }
    const isSameJournal = before === undefined || headOf(before.segment)?.journalId === head.journalId;
    if (isSameJournal && this.#expected !== undefined && head.firstSequence > this.#expected) {
      this.#noteGap(before);
    }
    if (this.#query.after === undefined || head.firstSequence > this.#query.after) {
      this.#expected = head.firstSequence;
    }
    return new ForwardReader(readerOf(segment), 0, end ?? Infinity);
  }

  /** False for an event before which others are missing: it comes with the next slice. */
  #take(place: Place, bytes: Buffer, line: Line, events: EventRecord[]): boolean {
    if (line.type !== EVENT) return true;
    const sequence = numberAt(bytes, line.from, line.to);
    const { after } = this.#query;
    if (after !== undefined && sequence <= after) return true;
    if (this.#expected !== undefined && sequence > this.#expected) {
      this.#noteGap(place);
      this.#expected = sequence;
      return false;
    }
    this.#expected = sequence + 1;
    const event = this.#matching(bytes, line);
    if (event !== undefined) events.push(event);
    return true;
  }

  #noteGap(place: Place | undefined): void {
    if (place !== undefined) place.segment.isDamaged = true;
    this.#isGap = true;
  }

  /** Is what was read at the end not all that there is? */
  #isShort(): boolean {
    const isShort = this.#expected !== undefined && this.#expected <= this.#upTo;
    this.#expected = undefined;
    return isShort;
  }

  #matching(bytes: Buffer, line: Line): EventRecord | undefined {
    const { kind, label, sinceNs, untilNs } = this.#query;
    const event = readEventPayload(payloadOf(bytes, line));
    if (event === undefined || (kind !== undefined && event.kind !== kind)) return undefined;
    if (sinceNs !== undefined && event.timeNs < sinceNs) return undefined;
    if (untilNs !== undefined && event.timeNs > untilNs) return undefined;
    return label === undefined || label(event.label) ? event : undefined;
  }
}
