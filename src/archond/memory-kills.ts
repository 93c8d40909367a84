import type { Journal } from '../journal/journal.ts';
import { causedBy, NO_CAUSE, type Cause } from '../supervisor/cause.ts';
import type { UnitEvent } from '../supervisor/event.ts';
import { liveGeneration } from '../supervisor/state.ts';
import type { Cancel, ProcessRef, Sys } from '../sys/sys.ts';
import type { Chronicle } from './chronicle.ts';
import { processDetails } from './told-details.ts';
import type { UnitRecord } from './unit-record.ts';

/** What is remembered under the number of a generation is a `Told`. */
const KIND = 'memory-kills';

/** An end so soon after something of the tree was killed comes of that. */
const LATELY_MS = 10_000;

/** What was told of a generation. */
interface Told {
  /** How many of its processes. */
  readonly processes: number;
  /** The number of the last event. */
  readonly event: number;
  /** When that was told, in CLOCK_MONOTONIC. */
  readonly atMs: number;
}

/** The events of a unit behind which the kernel may stand. */
type EndEvent = Extract<UnitEvent, { readonly kind: 'exited' | 'main-exited' | 'emptied' }>;

/**
 * Tells of processes that the kernel has killed for want of memory, by an event `limit` each time that there are more of
 * them: before the end of a main process that came of it is told, which it is then the cause of; and of others, while the
 * unit lives, as soon as the kernel says so. What was told is remembered, so that no archond tells it again.
 */
export class MemoryKills {
  readonly #sys: Sys;
  readonly #chronicle: Chronicle;
  readonly #told = new Map<number, Told>();
  readonly #watches = new Map<UnitRecord, { readonly generation: number; readonly end: Cancel }>();

  constructor(sys: Sys, chronicle: Chronicle) {
    this.#sys = sys;
    this.#chronicle = chronicle;
    const remembered = chronicle.allRemembered.filter(({ kind }) => kind === KIND);
    const entries = remembered.length === 0 ? [] : sys.keeper.entries();
    const live = new Set(entries.map(({ generation }) => generation));
    for (const { key, value } of remembered) {
      const generation = Number(key);
      if (live.has(generation)) this.#told.set(generation, value as Told);
      else this.#journal.forget(KIND, key);
    }
  }

  get #journal(): Journal {
    return this.#chronicle.journal;
  }

  /** To be asked before a unit is moved by such an event: what was told of it, as the cause of what it tells. */
  before(record: UnitRecord, event: EndEvent): Cause | undefined {
    const { ref } = record;
    if (ref?.generation !== event.generation) return undefined;
    this.#look(record, ref);
    const told = this.#told.get(ref.generation);
    if (told === undefined || this.#sys.clock.monotonicMs() - told.atMs > LATELY_MS) return undefined;
    return causedBy(told.event);
  }

  /** The units of the configuration are looked after from now on, as they are defined now. */
  follow(records: Iterable<UnitRecord>): void {
    for (const record of records) {
      if (record.configured !== undefined) record.observers.add(this.#observe);
      this.#observe(record);
    }
  }

  readonly #observe = (record: UnitRecord): void => {
    const watched = this.#watches.get(record);
    const { ref } = record;
    const isLimited = record.configured?.definition.limits.memoryMaxBytes !== undefined;
    const isWatched = isLimited && ref !== undefined && liveGeneration(record.unit.state) === ref.generation;
    if (isWatched && watched?.generation === ref.generation) return;
    watched?.end();
    this.#watches.delete(record);
    if (!isWatched) return;
    const ring = (): void => {
      if (record.ref?.generation === ref.generation && this.#look(record, ref)) this.#chronicle.flush();
    };
    this.#watches.set(record, { generation: ref.generation, end: this.#sys.limits.watch(ref, ring) });
    /* There may have been some before it was watched. */
    ring();
  };

  /** Tells of what was not told of; whether there was any. */
  #look(record: UnitRecord, ref: ProcessRef): boolean {
    const { generation } = ref;
    const { processes, isOwnLimit } = this.#sys.limits.kills(ref);
    const before = this.#told.get(generation)?.processes ?? 0;
    if (processes <= before) return false;
    const bound = record.configured?.definition.limits.memoryMaxBytes;
    const event = this.#chronicle.nextSequence;
    this.#chronicle.append(
      record.label,
      'limit',
      [
        ...processDetails(record.pid, generation),
        ['what', 'memory'],
        ...(isOwnLimit && bound !== undefined ? [['bound', String(bound)] as const] : []),
        ['killed', String(processes - before)],
      ],
      NO_CAUSE,
    );
    const told: Told = { processes, event, atMs: this.#sys.clock.monotonicMs() };
    this.#told.set(generation, told);
    this.#journal.remember(KIND, String(generation), told);
    return true;
  }

  /** The entry of this generation is given back: nobody asks of it any more. Until then the next archond might. */
  forget(generation: number): void {
    /* What is there when the journal is closed is forgotten at the next start. */
    if (this.#told.delete(generation) && this.#journal.segment !== undefined)
      this.#journal.forget(KIND, String(generation));
  }
}
