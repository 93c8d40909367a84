import type { Head } from './head.ts';
import { readHeadPayload } from './head.ts';
import { LINE_TYPES, lineAt, lineFeedAt, payloadOf } from './line.ts';
import type { ReadBytes } from './reader.ts';
import type { Span } from './span.ts';
import type { Store } from './store.ts';

/** More than a head has. */
const HEAD_BYTES = 4096;

/** One segment, wherever it lies. It is the same object for as long as archond lives, also when the segment is moved. */
export interface Segment {
  store: Store;
  ordinal: number;
  /** Undefined where nobody has looked; `none` where there is none. */
  head: Head | 'none' | undefined;
  /** How many bytes are known to be whole; undefined where nobody has looked. */
  goodBytes: number | undefined;
  /** Its size on the disk, for retention; undefined where nobody has looked. */
  sizeBytes: number | undefined;
  /** Known where its events were written or read by this archond. */
  span: Span | undefined;
  /** Events of it are missing. */
  isDamaged: boolean;
  /** It is no longer there. */
  isGone: boolean;
}

/** A segment of which nothing is known but that it is there. */
export function unreadSegment(store: Store, ordinal: number): Segment {
  return {
    store,
    ordinal,
    head: undefined,
    goodBytes: undefined,
    sizeBytes: undefined,
    span: undefined,
    isDamaged: false,
    isGone: false,
  };
}

/** Reads a segment at its present place. */
export function readerOf(segment: Segment): ReadBytes {
  return (offsetBytes, lengthBytes) => segment.store.reader(segment.ordinal)(offsetBytes, lengthBytes);
}

/** The head of a segment, read where it is needed first; undefined where there is none or it cannot be read now. */
export function headOf(segment: Segment): Head | undefined {
  if (segment.head === undefined) {
    const got = readerOf(segment)(0, HEAD_BYTES);
    if (got.ok) segment.head = headIn(got.value) ?? 'none';
  }
  return segment.head === 'none' ? undefined : segment.head;
}

function headIn(got: Uint8Array): Head | undefined {
  const bytes = Buffer.from(got.buffer, got.byteOffset, got.length);
  const line = lineAt(bytes, 0, lineFeedAt(bytes, 0));
  return line?.type === LINE_TYPES.head.charCodeAt(0) ? readHeadPayload(payloadOf(bytes, line)) : undefined;
}

/** All segments of the journal, oldest first; the last is the one that is written to. */
export class Segments {
  #list: Segment[] = [];

  get all(): readonly Segment[] {
    return this.#list;
  }

  get last(): Segment | undefined {
    return this.#list.at(-1);
  }

  /** The head of the oldest that has one. */
  oldest(): Head | undefined {
    for (const segment of this.#list) {
      const head = headOf(segment);
      if (head !== undefined) return head;
    }
    return undefined;
  }

  add(segment: Segment): void {
    this.#list.push(segment);
  }

  /** Puts older segments before all that there are. */
  addPast(segments: readonly Segment[]): void {
    this.#list = [...segments, ...this.#list];
  }

  /** Those of one store, oldest first. */
  of(store: Store): Segment[] {
    return this.#list.filter((segment) => segment.store === store);
  }

  /** Takes segments out that are no longer there. */
  remove(gone: readonly Segment[]): void {
    for (const segment of gone) segment.isGone = true;
    this.#list = this.#list.filter((segment) => !segment.isGone);
  }

  /** When the events of a segment were: its own knowledge, or what its successor says of it. */
  spanOf(index: number): Span | undefined {
    const segment = this.#list[index];
    const next = this.#list[index + 1];
    if (segment === undefined || segment.span !== undefined || next === undefined) return segment?.span;
    const before = headOf(next)?.before;
    return before !== undefined && before.token === headOf(segment)?.token ? before : undefined;
  }

  /**
   * The index of the oldest segment from which on every event of this journal id is there: what lies before it
   * has another id, or something between is missing.
   */
  firstWhole(journalId: string): number {
    let index = this.#list.length - 1;
    for (; index > 0; index -= 1) {
      const later = this.#list[index];
      const earlier = this.#list[index - 1];
      if (later === undefined || earlier === undefined || earlier.isDamaged) break;
      const head = headOf(earlier);
      if (head?.journalId !== journalId || headOf(later)?.before?.token !== head.token) break;
    }
    return index;
  }
}
