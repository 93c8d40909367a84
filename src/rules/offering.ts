import type { EventRecord } from '../base/event-record.ts';
import { UNIT_STATES } from '../base/vocabulary.ts';
import type { OfferedEvent } from './event.ts';

const STATES: ReadonlySet<string> = new Set(UNIT_STATES);
const NS_PER_S = 1e9;

/** What the events themselves do not say. */
export interface Circumstances {
  readonly late: boolean;
  readonly exe?: string | undefined;
  readonly command?: string | undefined;
}

/**
 * Makes of events what rules are offered. It has to see all of them, in their order, for a unit's state before and after
 * an event comes from the events alone: so it is the same in a replay.
 */
export class Offering {
  readonly #states = new Map<string, string>();

  /** What a unit was when nothing had been seen of it yet. */
  begin(label: string, state: string): void {
    this.#states.set(label, state);
  }

  /** Takes note of an event; for those that nobody is offered too. */
  see({ label, kind, details }: EventRecord): void {
    const state = stateAfter(kind);
    if (state !== undefined) this.#states.set(label, state);
    else if (kind === 'note' && details[0]?.[1] === 'forgotten') this.#states.delete(label);
  }

  /** The event as rules are offered it; to be asked before it is seen. */
  offer(event: EventRecord, { late, exe, command }: Circumstances): OfferedEvent {
    const { sequence, timeNs, label, kind, details } = event;
    const before = this.#states.get(label);
    const after = stateAfter(kind);
    const depth = details.find(([name]) => name === 'depth')?.[1];
    return {
      sequence,
      time: Number(timeNs) / NS_PER_S,
      label,
      kind,
      details: details.flat(),
      late,
      depth: depth === undefined ? 0 : Number(depth) || 0,
      state: after ?? before,
      previous: before,
      exe,
      command,
    };
  }
}

/** The state of a unit of which such an event is told; undefined where it says nothing of that. */
function stateAfter(kind: string): string | undefined {
  if (kind === 'adopted') return undefined;
  return STATES.has(kind) ? kind : undefined;
}
