import type { Journal } from '../journal/journal.ts';
import type { Remembered } from '../journal/payload.ts';
import { phaseOf, type Phase } from '../supervisor/plan/phase.ts';
import type { Timing } from '../supervisor/plan/forecast.ts';
import type { Unit } from '../supervisor/step.ts';

/** What is remembered under a unit's label. */
export const TIMING_KIND = 'timing';

/** The part that the latest time has in what is expected next: a change shows soon, an exception is forgotten soon. */
const LATEST_PART = 0.5;

/** What differs less from what is written down is not written: it costs more than it tells. */
const LEAST_CHANGE = 0.2;
const LEAST_CHANGE_MS = 20;

const NOTHING: Timing = { start: undefined, stop: undefined };

/**
 * How long units of the configuration take to become ready and to stop, by what they took before: of each the latest times, the
 * last of which counts most. They are kept over boots, in the journal, where they change by much. The waiting for others is no
 * part of them.
 */
export class Timings {
  readonly #journal: Journal;
  readonly #known = new Map<string, Timing>();
  readonly #written = new Map<string, Timing>();
  /** Of each label what is under way, and since when. */
  readonly #open = new Map<string, { readonly phase: Phase; readonly sinceMs: number }>();

  constructor(journal: Journal, remembered: readonly Remembered[]) {
    this.#journal = journal;
    for (const { kind, key, value } of remembered) {
      const timing = kind === TIMING_KIND ? readTiming(value) : undefined;
      if (timing === undefined) continue;
      this.#known.set(key, timing);
      this.#written.set(key, timing);
    }
  }

  of(label: string): Timing {
    return this.#known.get(label) ?? NOTHING;
  }

  /** A unit has made a step; `atMs` is CLOCK_MONOTONIC. */
  moved(before: Unit, after: Unit, atMs: number): void {
    const { label, origin } = after.spec;
    if (origin !== 'config') return;
    const was = phaseOf(before);
    const is = phaseOf(after);
    if (was === is) return;
    const open = this.#open.get(label);
    this.#open.delete(label);
    if (open !== undefined && open.phase === was && isDone(was, after))
      this.#took(label, was, atMs - open.sinceMs);
    if (is !== undefined) this.#open.set(label, { phase: is, sinceMs: atMs });
  }

  /** What is said of units that there are no more. */
  forgetOthers(isThere: (label: string) => boolean): void {
    for (const label of [...this.#known.keys()].filter((one) => !isThere(one))) {
      this.#known.delete(label);
      this.#written.delete(label);
      this.#journal.forget(TIMING_KIND, label);
    }
  }

  #took(label: string, phase: Phase, ms: number): void {
    const known = this.of(label);
    const before = known[phase];
    const expected = before === undefined ? ms : before + LATEST_PART * (ms - before);
    const timing = { ...known, [phase]: Math.round(expected * 10) / 10 };
    this.#known.set(label, timing);
    const written = this.#written.get(label)?.[phase];
    if (
      written !== undefined &&
      Math.abs(expected - written) < Math.max(LEAST_CHANGE_MS, LEAST_CHANGE * written)
    )
      return;
    this.#written.set(label, timing);
    this.#journal.remember(TIMING_KIND, label, timing);
  }
}

/** Whether it has come to what it was to come to: a start that has failed, or was broken off, tells nothing. */
function isDone(phase: Phase, { state, spec }: Unit): boolean {
  if (phase === 'stop') return state.kind !== 'stopping' && state.kind !== 'undoing';
  return (
    state.kind === 'running' ||
    (spec.type === 'oneshot' && (state.kind === 'finished' || isWell(state, spec)))
  );
}

/** A oneshot whose leavings are cleared away. */
function isWell(state: Unit['state'], { success }: Unit['spec']): boolean {
  return state.kind === 'clearing' && state.end.kind === 'exited' && success.codes.includes(state.end.code);
}

function readTiming(value: unknown): Timing | undefined {
  const { start, stop } = (value ?? {}) as Partial<Record<Phase, unknown>>;
  const isTime = (ms: unknown): ms is number | undefined =>
    ms === undefined || (typeof ms === 'number' && ms >= 0);
  return isTime(start) && isTime(stop) ? { start, stop } : undefined;
}
