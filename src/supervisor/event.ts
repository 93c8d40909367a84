import type { End, StopReason } from './state.ts';

/**
 * What can happen to a unit. Orders come from people and from the supervisor itself; the rest comes
 * from processes and clocks and names the generation that it is about, so that what is late ends in
 * one place (`transition`).
 */
export type UnitEvent =
  | { readonly kind: 'order-start' }
  | { readonly kind: 'order-stop'; readonly reason: StopReason }
  | { readonly kind: 'spawned'; readonly generation: number; readonly pid: number }
  | { readonly kind: 'refused'; readonly generation: number; readonly end: End }
  | { readonly kind: 'executed'; readonly generation: number }
  | { readonly kind: 'exited'; readonly generation: number; readonly end: End }
  | { readonly kind: 'emptied'; readonly generation: number }
  | { readonly kind: 'stop-due'; readonly generation: number }
  | { readonly kind: 'time-over'; readonly generation: number }
  | { readonly kind: 'backoff-due' };

/** What the world lends to a step, so that the step itself needs neither clock nor chance. */
export interface Moment {
  /** CLOCK_MONOTONIC in milliseconds. */
  readonly atMs: number;
  /** In [0, 1). */
  readonly chance: number;
  /** The number that a spawn gets if this step asks for one. */
  readonly nextGeneration: number;
}
