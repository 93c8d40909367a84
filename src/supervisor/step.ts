import type { RestartHistory } from './backoff.ts';
import type { Cause } from './cause.ts';
import type { Effect } from './effect.ts';
import type { Gate } from './gate.ts';
import type { End, UnitState } from './state.ts';
import type { UnitSpec } from './unit.ts';

/** A unit: what it is, what is wanted of it, and where it stands. Frozen. */
export interface Unit {
  readonly spec: UnitSpec;
  /** Follows from the state, but while it is being stopped: there it says what comes then. See docs/states.org. */
  readonly desired: 'up' | 'down';
  /** What its neighbours let it do. */
  readonly gate: Gate;
  readonly state: UnitState;
  /** Of its latest spawn, 0 before the first. What carries a lower one is late. */
  readonly generation: number;
  readonly history: RestartHistory;
  /** How its last process ended. */
  readonly lastEnd: End | undefined;
  /** What the next event that is told of it is caused by: as a rule the last one that was told. */
  readonly cause: Cause;
  /** The cause of an order that waits until it is down. */
  readonly waitingCause: Cause | undefined;
}

/** A step's outcome; frozen. Only a `move` changes the unit or has effects; `why` says why it is none. */
export interface Step {
  /** `impossible`: a broken invariant, to be counted and logged. */
  readonly verdict: 'move' | 'ignore' | 'impossible';
  readonly why?: string;
  readonly unit: Unit;
  readonly effects: readonly Effect[];
}

/** The unit moves, or stays where it is with something changed. */
export function move(unit: Unit, effects: readonly Effect[] = []): Step {
  return { verdict: 'move', unit, effects };
}

/** The event is a proper one and changes nothing, or it cannot be. */
export function stay(verdict: 'ignore' | 'impossible', unit: Unit, why: string): Step {
  return { verdict, why, unit, effects: [] };
}

/** The step, with something to be done before what it asks for. */
export function after(first: Effect, step: Step): Step {
  return { ...step, effects: [first, ...step.effects] };
}
