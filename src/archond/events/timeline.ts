import type { EventRecord } from '../../base/event-record.ts';

/** How one unit came up. Instants in nanoseconds since 1970; undefined where it has not come to that. */
export interface Span {
  readonly label: string;
  /** It was to start: that was said, or what it waits for was begun. */
  startNs: bigint;
  /** Its process was there. */
  upNs: bigint | undefined;
  /** It was ready; a oneshot had finished. */
  readyNs: bigint | undefined;
  /** The unit whose coming up let it start, where it had to wait. */
  follows: string | undefined;
  /** Nothing more of this start is to be expected of it. */
  isSettled: boolean;
}

/**
 * The start of everything, told by its events: the units that it started, each until it was ready for the first time or had
 * failed, over its first crashes and deaths of archond. What somebody ordered meanwhile is no part of it.
 */
export class Timeline {
  readonly #spans = new Map<string, Span>();
  /** Numbers of events that belong to it, and of which unit each was. */
  readonly #own = new Map<number, string>();
  #beganNs: bigint | undefined;

  get spans(): readonly Span[] {
    return [...this.#spans.values()];
  }

  /** Whether every unit that it has begun with has come to something. */
  get isSettled(): boolean {
    return this.spans.every(({ isSettled }) => isSettled);
  }

  /** When it began; undefined before its first event. */
  get beganNs(): bigint | undefined {
    return this.#beganNs;
  }

  /** The units on the longest way to the last that became ready. */
  critical(): ReadonlySet<string> {
    let last: Span | undefined;
    for (const span of this.#spans.values())
      if (span.readyNs !== undefined && (last?.readyNs ?? 0n) <= span.readyNs) last = span;
    const found = new Set<string>();
    while (last !== undefined && !found.has(last.label)) {
      found.add(last.label);
      last = last.follows === undefined ? undefined : this.#spans.get(last.follows);
    }
    return found;
  }

  /** Events in their order, from the one that began it on. */
  take(event: EventRecord): void {
    const { label, sequence, timeNs } = event;
    const details = new Map(event.details);
    if (label === '') {
      if (details.get('what') !== 'started') return;
      this.#beganNs ??= timeNs;
      this.#own.set(sequence, '');
      return;
    }
    const span = this.#spans.get(label);
    if (span?.isSettled === true || details.has('request')) return;
    const cause = details.get('cause');
    const before = cause === undefined ? undefined : this.#own.get(Number(cause));
    /* A first crash has no cause: it belongs to what has not been ready yet. */
    const isOwn =
      before !== undefined || (event.kind === 'exited' && span !== undefined && cause === undefined);
    if (!isOwn) return;
    this.#own.set(sequence, label);
    this.#tell(span ?? this.#begin(label, timeNs), event, before === '' ? undefined : before);
  }

  #begin(label: string, timeNs: bigint): Span {
    const began = {
      label,
      startNs: timeNs,
      upNs: undefined,
      readyNs: undefined,
      follows: undefined,
      isSettled: false,
    };
    this.#spans.set(label, began);
    return began;
  }

  #tell(span: Span, { kind, timeNs }: EventRecord, before: string | undefined): void {
    if (before !== undefined && before !== span.label) span.follows = before;
    switch (kind) {
      case 'starting':
        span.upNs ??= timeNs;
        break;
      case 'running':
      case 'finished':
        span.readyNs ??= timeNs;
        span.isSettled = true;
        break;
      case 'failed':
      case 'stopped':
        span.isSettled = true;
        break;
      default:
    }
  }
}
