import type { Cause } from './cause.ts';
import type { End, StopReason } from './state.ts';

/**
 * What can happen to a unit. Orders come from people and from the supervisor itself; the rest comes
 * from processes and clocks and names the generation that it is about, so that what is late ends in
 * one place (`transition`).
 *
 * Of one generation there comes either `refused`, or `spawned`, then `exited`, then `emptied`, each at
 * least once and no later one before an earlier; `executed` may come between, or not at all.
 */
export type UnitEvent =
  | { readonly kind: 'order-start'; readonly cause: Cause }
  /** With the reason `restart` it is an order to be up again, whatever the state. */
  | { readonly kind: 'order-stop'; readonly reason: StopReason; readonly cause: Cause }
  | { readonly kind: 'spawned'; readonly generation: number; readonly pid: number }
  | { readonly kind: 'refused'; readonly generation: number; readonly end: End }
  | { readonly kind: 'executed'; readonly generation: number }
  | { readonly kind: 'exited'; readonly generation: number; readonly end: End }
  | { readonly kind: 'emptied'; readonly generation: number }
  | { readonly kind: 'stop-due'; readonly generation: number }
  | { readonly kind: 'time-over'; readonly generation: number }
  /** The generation is the one that ended. */
  | { readonly kind: 'backoff-due'; readonly generation: number };

/** What the world lends to a step, so that the step itself needs neither clock nor chance. */
export interface Moment {
  /** CLOCK_MONOTONIC in milliseconds. */
  readonly atMs: number;
  /** In [0, 1). */
  readonly chance: number;
  /** The number that a spawn gets if this step asks for one. */
  readonly nextGeneration: number;
  /** The number of the first event that this step tells; further ones follow. */
  readonly nextSequence: number;
}
