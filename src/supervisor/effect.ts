import type { Cause } from './cause.ts';
import type { UnitEvent } from './event.ts';
import type { End, FailureReason } from './state.ts';

/** What a step asks for; carried out in order, by the interpreter. */
export type Effect =
  | { readonly kind: 'spawn'; readonly generation: number }
  | {
      readonly kind: 'signal';
      readonly generation: number;
      readonly signal: number;
      readonly scope: 'main' | 'tree';
    }
  /** SIGKILL to the tree until it is proved empty; asking again does no harm. */
  | { readonly kind: 'kill'; readonly generation: number }
  /** `due` is what happens to the unit at that instant. One timer of each name a unit: setting it anew replaces it. */
  | {
      readonly kind: 'set-timer';
      readonly timer: TimerName;
      readonly atMs: number;
      readonly due: Extract<UnitEvent, { kind: 'stop-due' | 'time-over' | 'backoff-due' }>;
    }
  /** Nothing where it is not set. */
  | { readonly kind: 'cancel-timer'; readonly timer: TimerName }
  /** `cause` is filled in by `transition`, in one place for all that is told. */
  | { readonly kind: 'tell'; readonly event: ToldEvent; readonly cause?: Cause };

export type TimerName = 'stop' | 'time' | 'backoff';

/** What others are told of; becomes an `Event` record. */
export type ToldEvent =
  | { readonly kind: 'starting'; readonly generation: number; readonly pid: number }
  | { readonly kind: 'running'; readonly generation: number; readonly pid: number }
  | { readonly kind: 'stopping'; readonly generation: number; readonly reason: string }
  | {
      readonly kind: 'exited';
      readonly generation: number;
      readonly pid: number | undefined;
      readonly end: End;
    }
  | { readonly kind: 'stopped'; readonly reason: string }
  | { readonly kind: 'backoff'; readonly delayMs: number; readonly attempt: number }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly end: End | undefined }
  | { readonly kind: 'finished'; readonly end: End };
