import type { Cause } from './cause.ts';
import type { Gate } from './gate.ts';
import type { End, Running, Starting, StopReason } from './state.ts';

/**
 * What can happen to a unit. Orders come from people and from the supervisor itself, `gate` and `need-lost` from the
 * plan; the rest comes from processes, probes and clocks and names the generation that it is about, so that
 * what is late ends in one place (`transition`).
 *
 * Of one generation there comes either `refused`, or `spawned`, then `exited`, then `emptied`, each at
 * least once and no later one before an earlier; `executed` may come between, or not at all. What probes tell may
 * come at any time after `order-start`.
 */
export type UnitEvent =
  | { readonly kind: 'order-start'; readonly cause: Cause }
  /** With the reason `restart` it is an order to be up again, whatever the state. */
  | {
      readonly kind: 'order-stop';
      readonly reason: OrderReason;
      readonly cause: Cause;
      /** What is started and cannot be beside it, where that is the reason. */
      readonly rival?: string;
    }
  /** What its neighbours let it do has changed; the cause is that of the neighbour. */
  | { readonly kind: 'gate'; readonly gate: Gate; readonly cause: Cause }
  /** What it needs has gone down: so does this, and comes back when the gate lets it. */
  | { readonly kind: 'need-lost'; readonly need: string; readonly cause: Cause }
  | { readonly kind: 'spawned'; readonly generation: number; readonly pid: number }
  | { readonly kind: 'refused'; readonly generation: number; readonly end: End }
  | { readonly kind: 'executed'; readonly generation: number }
  /** The first process has ended; `by`: what was told before and is the cause of it, where it was not asked to. */
  | { readonly kind: 'exited'; readonly generation: number; readonly end: End; readonly by?: Cause }
  | { readonly kind: 'emptied'; readonly generation: number }
  /** A readiness probe has seen that it can serve; of a oneshot nobody tells it. */
  | { readonly kind: 'ready'; readonly generation: number }
  /**
   * It has failed so many health checks, or its watchdog was not heard of: it is restarted, as after a failure. With a
   * cause, which was told before: it was over its bounds for too long.
   */
  | { readonly kind: 'unhealthy'; readonly generation: number; readonly cause?: Cause }
  /** Another process of the tree is the main one from now on (`MAINPID`, pid file); its end is told by `main-exited`. */
  | { readonly kind: 'main-changed'; readonly generation: number; readonly pid: number }
  | { readonly kind: 'main-exited'; readonly generation: number; readonly end: End; readonly by?: Cause }
  /** The stop command has ended with 0, or otherwise, or could not be run. */
  | { readonly kind: 'command-ended'; readonly generation: number; readonly isDone: boolean }
  | { readonly kind: 'stop-due'; readonly generation: number }
  | { readonly kind: 'time-over'; readonly generation: number }
  | { readonly kind: 'ready-due'; readonly generation: number }
  /** The generation is the one that ended. */
  | { readonly kind: 'backoff-due'; readonly generation: number }
  /**
   * The generation, which is the unit's, has been replaced: by one that was started beside it (`replace.ts`). `told`: what
   * is told next of the unit is caused by what was told of that one.
   */
  | {
      readonly kind: 'replaced';
      readonly generation: number;
      readonly by: Starting | Running;
      readonly told: Cause;
    };

/** The reasons that an order can have; the others come of themselves. */
export type OrderReason = Extract<
  StopReason,
  'requested' | 'restart' | 'timed-out' | 'client-gone' | 'shutdown' | 'conflict' | 'replaced' | 'withdrawn'
>;

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
