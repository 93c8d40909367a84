import { err, ok, type Result } from '../base/result.ts';
import type { AppendFile, Clock, SysError } from '../sys/sys.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { Head } from './head.ts';
import { Pending } from './pending.ts';
import { headOf, unreadSegment, type Segment, type Segments } from './segments.ts';
import { SpanOf } from './span.ts';
import type { Store, StoreKind } from './store.ts';
import { STORE_KINDS } from './store.ts';
import type { Stores } from './stores.ts';
import type { Values } from './values.ts';

/** The segment that is written to. */
export interface Current {
  readonly segment: Segment;
  file: AppendFile;
  /** Its size, all of it whole lines. */
  bytes: number;
  readonly checkpointBytes: number;
  readonly span: SpanOf;
  /** A loss of power does not take its name. */
  isNamed: boolean;
}

/** Under which names a writer begins segments. */
export interface Names {
  readonly journalId: string;
  readonly bootId: string;
  /** A new one at each call. */
  readonly token: () => string;
}

/**
 * Writes records into the newest segment, begins the next one when it is time, and goes to the next worse
 * place when one fails: from the state folder to the runtime folder to memory, which always takes
 * them. It never goes back up by itself.
 */
export class Writer {
  readonly pending = new Pending();
  readonly stores: Stores;
  readonly segments: Segments;
  readonly values: Values;
  readonly #names: Names;
  readonly #clock: Clock;
  #current: Current | undefined;
  /** The sequence of the last event that is written. */
  #writtenSequence: number;
  #trouble: SysError | undefined;
  /** Called before records go to another place than the state folder, and when a segment was begun there. */
  readonly #listener: WriterListener;

  constructor(
    parts: {
      readonly stores: Stores;
      readonly segments: Segments;
      readonly values: Values;
      readonly lastSequence: number;
    },
    names: Names,
    clock: Clock,
    listener: WriterListener,
  ) {
    this.stores = parts.stores;
    this.segments = parts.segments;
    this.values = parts.values;
    this.#writtenSequence = parts.lastSequence;
    this.#names = names;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Why the state folder is not written to; undefined where it is. */
  get trouble(): SysError | undefined {
    return this.#trouble;
  }

  get journalId(): string {
    return this.#names.journalId;
  }

  get current(): Current {
    if (this.#current === undefined) throw new Error('the journal has no segment to write to');
    return this.#current;
  }

  /** Goes on in a segment that was found, at its end; `trouble`: why it is not in the state folder. */
  goOn(current: Current, trouble: SysError | undefined): void {
    this.#current = current;
    this.#trouble = trouble;
  }

  /** Goes on in the same segment at its new place. */
  moved(file: AppendFile): void {
    this.current.file.close();
    this.current.file = file;
    this.current.isNamed = false;
  }

  /** Writes everything that is pending. */
  flush(): void {
    while (this.pending.length > 0) {
      if (this.#isFull()) this.rotate();
      this.#write();
    }
  }

  /** Begins the next segment where the present one is (the first in the state folder), or in the next worse place. */
  rotate(): void {
    const store = this.#current?.segment.store ?? this.stores.state;
    const begun = this.begin(store);
    if (!begun.ok) this.fall(store.kind, begun.error);
  }

  /** Leaves a place that has failed for the next worse one. */
  fall(from: StoreKind, error: SysError): void {
    if (from === 'state') {
      this.#trouble = error;
      this.#listener.leaving();
    }
    for (const kind of STORE_KINDS.slice(STORE_KINDS.indexOf(from) + 1)) {
      const store = this.stores[kind];
      if (store.open().ok && this.begin(store).ok) return;
    }
    throw new Error(`the journal cannot be written to memory after ${error.code}`);
  }

  /** The state folder takes records again, beginning with the segment that is written to now. */
  climbed(): void {
    this.#trouble = undefined;
  }

  /** Begins a segment in a store: head and checkpoint of all values. */
  begin(store: Store): Result<undefined, SysError> {
    const head = this.#newHead();
    let bytes = 0;
    const made = store.create((file) => {
      const written = writeCheckpoint(head, this.values, file);
      bytes = written.bytes;
      return written.error;
    });
    if (!made.ok) return err(made.error);
    const left = this.#current;
    const { ordinal, file } = made.value;
    const span = new SpanOf();
    const segment: Segment = { ...unreadSegment(store, ordinal), head };
    this.#current = { segment, file, bytes, checkpointBytes: bytes, span, isNamed: false };
    if (left !== undefined) seal(left);
    this.segments.add(segment);
    this.#listener.begun(this.#current, left);
    return ok(undefined);
  }

  #isFull(): boolean {
    const { segment, bytes, checkpointBytes, span } = this.current;
    const { segmentBytes, segmentMs } = segment.store.limits;
    return bytes - checkpointBytes >= Math.max(segmentBytes, checkpointBytes) || span.lengthMs > segmentMs;
  }

  #write(): void {
    const { current } = this;
    const { bytes, error } = current.file.write(this.pending.bytes());
    const { span } = this.pending;
    const written = this.pending.written(bytes, this.values);
    if (written.events > 0) current.span.addSpan(span);
    current.bytes += written.bytes;
    this.#writtenSequence += written.events;
    if (error === undefined) return;
    // Where it fails the torn line stays: nothing comes behind it, and readers stop there.
    current.file.truncate(current.bytes);
    this.fall(current.segment.store.kind, error);
  }

  #newHead(): Head {
    const { journalId, bootId, token } = this.#names;
    const { last } = this.segments;
    const lastHead = last === undefined ? undefined : headOf(last);
    const lastSpan = this.#current?.segment === last ? this.#current?.span.span : last?.span;
    return {
      token: token(),
      journalId,
      bootId,
      firstSequence: this.#writtenSequence + 1,
      timeNs: this.#clock.realtimeNs(),
      isPastUnknown: this.values.keepsForgotten,
      before: lastHead && {
        token: lastHead.token,
        earliestMs: lastSpan?.earliestMs,
        latestMs: lastSpan?.latestMs,
      },
    };
  }
}

/** What happens to a writer. */
export interface WriterListener {
  /** Records are about to go elsewhere than to the state folder. */
  leaving(): void;
  /** A segment was begun; `left` is the one before it, whose file the callee closes. */
  begun(current: Current, left: Current | undefined): void;
}

/** What is known of a segment when nothing more is written to it. */
function seal(left: Current): void {
  left.segment.goodBytes = left.bytes;
  left.segment.sizeBytes = left.bytes;
  left.segment.span = left.span.span;
}
