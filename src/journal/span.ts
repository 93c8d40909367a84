/**
 * When the events of a segment were by the wall clock, in milliseconds since 1970: none is earlier or later. Both
 * undefined where there is no event. Clocks are set, so the last event need not be the latest.
 */
export interface Span {
  readonly earliestMs: number | undefined;
  readonly latestMs: number | undefined;
}

const NS_PER_MS = 1e6;

/** A number of nanoseconds has lost its last digits as a double: a millisecond is more than enough for that. */
const MARGIN_MS = 1;

/** The span of the events that are added. */
export class SpanOf {
  #earliestMs = Number.POSITIVE_INFINITY;
  #latestMs = Number.NEGATIVE_INFINITY;

  constructor(span?: Span) {
    this.#earliestMs = span?.earliestMs ?? this.#earliestMs;
    this.#latestMs = span?.latestMs ?? this.#latestMs;
  }

  /** @param timeNs nanoseconds since 1970, rounded to a double */
  add(timeNs: number): void {
    const timeMs = timeNs / NS_PER_MS;
    if (timeMs - MARGIN_MS < this.#earliestMs) this.#earliestMs = Math.floor(timeMs - MARGIN_MS);
    if (timeMs + MARGIN_MS > this.#latestMs) this.#latestMs = Math.ceil(timeMs + MARGIN_MS);
  }

  addSpan({ earliestMs, latestMs }: Span): void {
    if (earliestMs !== undefined && earliestMs < this.#earliestMs) this.#earliestMs = earliestMs;
    if (latestMs !== undefined && latestMs > this.#latestMs) this.#latestMs = latestMs;
  }

  /** From the earliest to the latest; less than 0 where there is no event. */
  get lengthMs(): number {
    return this.#latestMs - this.#earliestMs;
  }

  get span(): Span {
    const isEmpty = this.#earliestMs > this.#latestMs;
    return isEmpty
      ? { earliestMs: undefined, latestMs: undefined }
      : { earliestMs: this.#earliestMs, latestMs: this.#latestMs };
  }
}

/** May a segment of this span have events between these instants (both included)? Of an unknown span any may be. */
export function mayHold(
  span: Span | undefined,
  sinceNs: bigint | undefined,
  untilNs: bigint | undefined,
): boolean {
  if (span === undefined) return true;
  if (span.earliestMs === undefined || span.latestMs === undefined) return false;
  if (sinceNs !== undefined && span.latestMs < Number(sinceNs) / NS_PER_MS - MARGIN_MS) return false;
  return untilNs === undefined || span.earliestMs <= Number(untilNs) / NS_PER_MS + MARGIN_MS;
}
