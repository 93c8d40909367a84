import type { EventRecord } from '../../base/event-record.ts';
import type { EventCursor } from '../../journal/cursor.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Offer } from '../../rules/host.ts';
import type { Offering } from '../../rules/offering.ts';
import type { SeenProgram } from './programs.ts';
import type { RuleIndex } from '../../rules/rule-index.ts';

/** Offers that wait; beyond them events are left in the journal, and read from there when their turn comes. */
const MOST_WAITING = 2000;
/** Offers that leave together. */
const MOST_AT_ONCE = 500;

/** What a feed works with. */
export interface FeedTools {
  readonly journal: Journal;
  readonly index: RuleIndex;
  readonly offering: Offering;
  /** Path and command line of a unit's process, where a rule asks for them. */
  readonly programOf: (label: string) => SeenProgram;
}

/**
 * The events that are still to be offered. Those that happen now are taken as they are told; those that happened while
 * archond was away, or that come faster than rules can take them, are read from the journal. Every event passes once,
 * in its order.
 */
export class Feed {
  readonly #tools: FeedTools;
  /** Events up to this one happened before this archond was there. */
  readonly #lastBefore: number;
  readonly #waiting: Offer[] = [];
  /** The number of the last event that was looked at. */
  #seen: number;
  /** Where it reads in the journal; undefined while it takes what is told. */
  #cursor: { readonly events: EventCursor; readonly upTo: number } | undefined;
  #isBehind = true;

  /** @param after the number of the last event that needs not be offered any more */
  constructor(tools: FeedTools, after: number, lastBefore: number) {
    this.#tools = tools;
    this.#seen = after;
    this.#lastBefore = lastBefore;
  }

  /** The number of the last event that needs not be offered when what waits has been. */
  get seen(): number {
    return this.#seen;
  }

  /** Whether `next` may have something, or has to be asked again. */
  get hasMore(): boolean {
    return this.#isBehind || this.#waiting.length > 0;
  }

  /** Takes events that have been written; what is behind passes them over, and reads them later. */
  take(events: readonly EventRecord[]): void {
    if (this.#isBehind) return;
    for (const event of events) {
      if (event.sequence > this.#seen) this.#look(event);
      if (this.#waiting.length >= MOST_WAITING) {
        this.#isBehind = true;
        return;
      }
    }
  }

  /**
   * What is to be offered next, and the number of the last event that is dealt with then. Where it has to read, one piece
   * at each call, there may be nothing, and more.
   */
  next(): { readonly offers: readonly Offer[]; readonly upTo: number } {
    if (this.#waiting.length === 0) this.#catchUp();
    const offers = this.#waiting.splice(0, MOST_AT_ONCE);
    const [last] = offers.at(-1) ?? [];
    return { offers, upTo: this.#waiting.length === 0 ? this.#seen : (last?.sequence ?? this.#seen) };
  }

  #catchUp(): void {
    if (!this.#isBehind) return;
    const { journal } = this.#tools;
    this.#cursor ??= { events: journal.events({ after: this.#seen }), upTo: journal.lastSequence };
    const { events, isLast } = this.#cursor.events.next();
    for (const event of events) if (event.sequence > this.#seen) this.#look(event);
    if (!isLast) return;
    /* What cannot be read any more is passed over. */
    this.#seen = Math.max(this.#seen, this.#cursor.upTo);
    this.#cursor = undefined;
    this.#isBehind = this.#seen < journal.lastSequence;
  }

  #look(event: EventRecord): void {
    const { index, offering, programOf } = this.#tools;
    this.#seen = event.sequence;
    const rules = index.rulesFor(event.kind, event.label);
    if (rules.length > 0) {
      const late = event.sequence <= this.#lastBefore;
      this.#waiting.push([offering.offer(event, { late, ...programOf(event.label) }), rules]);
    }
    offering.see(event);
  }
}
