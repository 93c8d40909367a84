import type { Cause } from './cause.ts';
import type { UnitEvent } from './event.ts';
import type { FailedNeeds } from './gate.ts';
import type { End, FailureReason } from './state.ts';

/** What a step asks for; carried out in order, by the interpreter. */
export type Effect =
  | { readonly kind: 'spawn'; readonly generation: number }
  | {
      readonly kind: 'signal';
      readonly generation: number;
      readonly signal: number;
      /** `main`: the main process as it is by now. */
      readonly scope: 'main' | 'tree';
    }
  /** SIGKILL to the tree until it is proved empty; asking again does no harm. */
  | { readonly kind: 'kill'; readonly generation: number }
  /**
   * Which probes are to watch the unit from now on, in place of those before: `ready` from its exec until the event
   * `ready`, `health` while it is running, `none` when it is neither. For units that have any.
   */
  | { readonly kind: 'probe'; readonly generation: number; readonly what: 'ready' | 'health' | 'none' }
  /** The first process has ended well: the event `main-changed` is to name the one that it left, from its pid file. */
  | { readonly kind: 'find-main'; readonly generation: number }
  /** The stop command; `command-ended` tells its end. */
  | { readonly kind: 'run-command'; readonly generation: number }
  /** It has no more time; nothing where it has ended. Its end is told all the same. */
  | { readonly kind: 'kill-command'; readonly generation: number }
  /** `due` is what happens to the unit at that instant. One timer of each name a unit: setting it anew replaces it. */
  | {
      readonly kind: 'set-timer';
      readonly timer: TimerName;
      readonly atMs: number;
      readonly due: Extract<UnitEvent, { kind: 'stop-due' | 'time-over' | 'ready-due' | 'backoff-due' }>;
    }
  /** Nothing where it is not set. */
  | { readonly kind: 'cancel-timer'; readonly timer: TimerName }
  /** `cause` is filled in by `transition`, in one place for all that is told. */
  | { readonly kind: 'tell'; readonly event: ToldEvent; readonly cause?: Cause };

export type TimerName = 'stop' | 'time' | 'ready' | 'backoff';

/** What others are told of; becomes an `Event` record. */
export type ToldEvent =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'starting'; readonly generation: number; readonly pid: number }
  | { readonly kind: 'running'; readonly generation: number; readonly pid: number }
  /** `need`: what went down, `rival`: what is started and cannot be beside it, where that is the reason. */
  | {
      readonly kind: 'stopping';
      readonly generation: number;
      readonly reason: string;
      readonly need?: string;
      readonly rival?: string;
    }
  | {
      readonly kind: 'exited';
      readonly generation: number;
      readonly pid: number | undefined;
      readonly end: End;
    }
  | { readonly kind: 'stopped'; readonly reason: string }
  | { readonly kind: 'backoff'; readonly delayMs: number; readonly attempt: number }
  | {
      readonly kind: 'failed';
      readonly reason: FailureReason | 'dependency';
      readonly end: End | undefined;
      /** Where a dependency is the reason. */
      readonly needs?: FailedNeeds;
    }
  | { readonly kind: 'finished'; readonly end: End };
