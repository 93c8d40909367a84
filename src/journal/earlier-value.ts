import { LINE_TYPES, payloadOf, type Line } from './line.ts';
import { numberAt, readValuePayload } from './payload.ts';
import { ForwardReader } from './reader.ts';
import { headOf, readerOf, type Segment, type Segments } from './segments.ts';
import { mayHold } from './span.ts';
import type { Current } from './writer.ts';

/** A value as it was written down, and the number of the last event before it. */
export interface EarlierValue {
  readonly sequence: number;
  readonly value: unknown;
}

const EVENT = LINE_TYPES.event.charCodeAt(0);
const VALUE = LINE_TYPES.value.charCodeAt(0);
const BLANK = 0x20;

/** Times as doubles have lost their last digits. */
const MARGIN_NS = 1e6;

/**
 * Looks for the last value of a kind that was written before the events that came after an instant: piece by piece, first in the
 * last segment that has events of before, then in those before it, so far as they are of the present journal.
 */
export class EarlierValueSearch {
  readonly #places: readonly { readonly segment: Segment; readonly end: number | undefined }[];
  readonly #needle: Buffer;
  readonly #atNs: number;
  #at: number;
  #forward: ForwardReader | undefined;
  #sequence = 0;
  #found: EarlierValue | undefined;

  /** @param first index of the first segment that is asked */
  constructor(segments: Segments, first: number, current: Current, kind: string, atNs: bigint) {
    const all = segments.all.map((segment, index) => {
      const isCurrent = segment === current.segment;
      const span = isCurrent ? current.span.span : segments.spanOf(index);
      return { segment, end: isCurrent ? current.bytes : segment.goodBytes, span };
    });
    this.#places = all.slice(first).filter(({ span }) => mayHold(span, undefined, atNs));
    this.#needle = Buffer.from(`["${kind}",`, 'latin1');
    this.#atNs = Number(atNs) + MARGIN_NS;
    this.#at = this.#places.length - 1;
  }

  /** Reads a piece. `isLast`: `found` is what there is. */
  next(): { readonly isLast: boolean; readonly found: EarlierValue | undefined } {
    const place = this.#places[this.#at];
    if (place === undefined) return { isLast: true, found: undefined };
    const forward = this.#forward ?? this.#enter(place);
    const piece = forward?.next((bytes, line) => this.#take(bytes, line));
    this.#forward = piece?.kind === 'more' ? forward : undefined;
    if (piece?.kind === 'more') return { isLast: false, found: undefined };
    this.#at -= 1;
    return { isLast: this.#found !== undefined, found: this.#found };
  }

  #enter({
    segment,
    end,
  }: {
    readonly segment: Segment;
    readonly end: number | undefined;
  }): ForwardReader | undefined {
    const head = segment.isGone ? undefined : headOf(segment);
    if (head === undefined) return undefined;
    this.#sequence = head.firstSequence - 1;
    return new ForwardReader(readerOf(segment), 0, end ?? Infinity);
  }

  /** False for what came after the instant. */
  #take(bytes: Buffer, line: Line): boolean {
    if (line.type === EVENT) {
      const timeNs = numberAt(bytes, bytes.indexOf(BLANK, line.from) + 1, line.to);
      if (timeNs > this.#atNs) return false;
      this.#sequence = numberAt(bytes, line.from, line.to);
    } else if (line.type === VALUE) {
      const at = bytes.indexOf(BLANK, line.from) + 1;
      if (bytes.compare(this.#needle, 0, this.#needle.length, at, at + this.#needle.length) !== 0)
        return true;
      const timeNs = numberAt(bytes, line.from, line.to);
      if (timeNs > this.#atNs - MARGIN_NS) return false;
      this.#found = { sequence: this.#sequence, value: readValuePayload(payloadOf(bytes, line))?.value };
    }
    return true;
  }
}
