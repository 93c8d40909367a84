import type { EventRecord } from '../base/event-record.ts';
import type { Journal } from '../journal/journal.ts';
import { causedBy, NO_CAUSE, type Cause } from '../supervisor/cause.ts';
import { isOfState } from './events/of-state.ts';
import { PastUnits, type PastUnit } from './events/past-units.ts';
import { requesterIn } from './told-details.ts';

/** No event is later. */
const END_OF_TIME_NS = 2n ** 63n;

/** What the last events of an earlier archond say: which ends were told, and with what each unit's story goes on. */
export class LatestEvents {
  readonly #ends = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #started = new Set<string>();
  readonly #lost = new Set<string>();
  /** The lowest number among them: those above it that are not there were never told of. */
  #firstStarted = Infinity;
  readonly #causes = new Map<string, Cause>();
  readonly #units = new PastUnits(END_OF_TIME_NS, false);

  /** Reads so many events from the end of the journal. */
  constructor(journal: Journal, last: number) {
    const cursor = journal.events({ last });
    for (let slice = cursor.next(); ; slice = cursor.next()) {
      for (const event of slice.events) this.#take(event);
      if (slice.isLast) return;
    }
  }

  /** Whether the end of this process was told. */
  hasEnded(label: string, generation: number, pid: number): boolean {
    return this.#ends.has(endKey(label, String(generation), String(pid)));
  }

  /** Whether it was told that this process is ready. */
  hasBeenReady(label: string, generation: number, pid: number): boolean {
    return this.#ready.has(endKey(label, String(generation), String(pid)));
  }

  /** Whether it was told that `what` of this process is lost. */
  hasLost(label: string, generation: number, pid: number, what: string): boolean {
    return this.#lost.has(`${endKey(label, String(generation), String(pid))} ${what}`);
  }

  /**
   * Whether it was certainly not told that this process is ready: its start was and that was not, or not even its start,
   * though that of an earlier one was, or all that the keeper has ever started is told of here. What lies further back
   * is taken to have been told.
   */
  hasYetToBeReady(label: string, generation: number, pid: number): boolean {
    const key = endKey(label, String(generation), String(pid));
    if (this.#ready.has(key)) return false;
    return this.#started.has(key) || generation > this.#firstStarted;
  }

  /**
   * The cause of what is told of a unit next: its latest event, or that of this generation of it where it is told of beside
   * the unit's own; none where that lies further back.
   */
  causeOf(label: string, generation?: number): Cause {
    return this.#causes.get(`${label} ${generation}`) ?? this.#causes.get(label) ?? NO_CAUSE;
  }

  /** How the units were at last, as far as they tell. */
  units(): ReadonlyMap<string, PastUnit> {
    return this.#units.units();
  }

  #take(event: EventRecord): void {
    const { sequence, label, kind, details } = event;
    this.#units.take(event);
    const values = new Map(details);
    if (label === '' && values.get('what') === 'started' && values.get('epoch') === '1')
      this.#firstStarted = 0;
    const generation = values.get('generation');
    const isBeside = values.has('replaces') || values.has('replaced-by');
    const cause = causedBy(sequence, requesterIn(values));
    /* What becomes ready beside the unit's own generation is that from then on. */
    if (isOfState(kind)) {
      if (!isBeside || kind === 'running') this.#causes.set(label, cause);
      if (isBeside) this.#causes.set(`${label} ${generation}`, cause);
    }
    const key = endKey(label, values.get('generation') ?? '', values.get('pid') ?? '');
    if (kind === 'exited') this.#ends.add(key);
    else if (kind === 'running') this.#ready.add(key);
    else if (kind === 'lost') this.#lost.add(`${key} ${values.get('what') ?? ''}`);
    else if (kind === 'starting') {
      this.#started.add(key);
      this.#firstStarted = Math.min(this.#firstStarted, Number(values.get('generation') ?? Infinity));
    }
  }
}

function endKey(label: string, generation: string, pid: string): string {
  return `${label} ${generation} ${pid}`;
}
