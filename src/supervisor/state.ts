import type { FailedNeeds } from './gate.ts';

/**
 * The life of a unit; docs/states.org tells it in full.
 *
 * A unit has one state, and each member of the union holds only what is true there. Beside it stands
 * what is *desired*: the state moves towards it, and what a person asked for in the middle of a move
 * changes the wish, not the move. Up means that a process exists; ready that it can serve.
 *
 *              waiting ◀─▶ blocked (for what it needs, by what it needs)
 *                 ▲ │
 *   stopped ──────┴─▼─▶ starting ──ready──▶ running ──ends──▶ clearing ──tree empty──▶ finished | failed
 *      ▲                   │ ▲               │                  │                        │
 *      │                   │ └───────────────│──────────────────│─────── backoff ◀───────┘ (restart)
 *      └──tree empty── stopping ◀──stop──────┴───────stop───────┘
 *
 * `clearing` is the time between the end of the main process and the proof that nothing of its tree
 * is left; clients see it as `stopping`. Nothing is started before that proof: so there are never two
 * live generations of a unit. A oneshot goes from `starting` to `finished`, is up there, and is brought down
 * through `undoing`.
 */
export type UnitState =
  | { readonly kind: 'stopped' }
  /** It is to be up, and what it needs is not, or not yet. */
  | { readonly kind: 'waiting' }
  /** It is to be up, and something that it needs is `failed`. Clients see it as `failed`. */
  | { readonly kind: 'blocked'; readonly needs: FailedNeeds }
  | Starting
  | Running
  | {
      readonly kind: 'clearing';
      readonly generation: number;
      readonly end: End;
      readonly ranMs: number;
      /** An order to start came meanwhile: it is carried out when the tree is empty. */
      readonly again: boolean;
    }
  | Stopping
  | Undoing
  | { readonly kind: 'backoff'; readonly untilAtMs: number; readonly end: End }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly end: End | undefined }
  /** A service is down then, a oneshot up. */
  | { readonly kind: 'finished'; readonly end: End };

/** The keeper was asked for a process; with a pid there is one, which is not ready. */
export interface Starting {
  readonly kind: 'starting';
  readonly generation: number;
  readonly pid: number | undefined;
  /** What has been told of the way to being ready, in any order. */
  readonly hasExecuted: boolean;
  readonly isReady: boolean;
  readonly main: MainProcess;
}

export interface Running {
  readonly kind: 'running';
  readonly generation: number;
  readonly pid: number;
  readonly readyAtMs: number;
  readonly main: MainProcess;
}

/**
 * Which process of the tree is the main one: the `first`, which the keeper made; `other`: one that took its place
 * (`main-changed`); `awaited`: the first has ended well, and which one takes its place is still to be told.
 */
export type MainProcess = 'first' | 'awaited' | 'other';

export interface Stopping {
  readonly kind: 'stopping';
  readonly generation: number;
  readonly pid: number | undefined;
  readonly main: MainProcess;
  /**
   * `wait`: until what needs it is down. `command`: its stop command was run. `signal`: it was asked to end (as
   * soon as it has a pid). `kill`: SIGKILL until nothing of the tree is left.
   */
  readonly rung: 'wait' | 'command' | 'signal' | 'kill';
  /** When the patience of the first rungs is, or was, over; undefined before they have begun. */
  readonly deadlineAtMs: number | undefined;
  /** How the main process ended, once it has. */
  readonly end: End | undefined;
  /** The first cause; one that leaves it to be up gives way to one that does not. */
  readonly reason: StopReason;
  /** For how long it was running; undefined where it was not. */
  readonly ranMs: number | undefined;
}

/**
 * A oneshot that is no longer to be up. `wait`: until what needs it is down; `command`: what it did is being undone;
 * `kill`: that took too long.
 */
export interface Undoing {
  readonly kind: 'undoing';
  readonly step: 'wait' | 'command' | 'kill';
  readonly end: End;
  readonly reason: StopReason;
}

/**
 * Why a unit is being stopped. `timed-out`: a Run whose time was over. `restart`: to be started again. `dependency`: what
 * it needs went down. `conflict`: something was started that cannot be beside it. `not-ready`, `unhealthy`: it was not
 * ready in time, or its health checks failed. `over-limit`: it was over its bounds for too long. `replaced`: another generation has taken its place. `withdrawn`: it was to take
 * the place of another one, and its unit goes down.
 */
export type StopReason =
  | 'requested'
  | 'restart'
  | 'timed-out'
  | 'client-gone'
  | 'shutdown'
  | 'dependency'
  | 'conflict'
  | 'not-ready'
  | 'unhealthy'
  | 'over-limit'
  | 'replaced'
  | 'withdrawn';

/**
 * Why a unit is `failed`: it ended badly and is not restarted; its program could not be executed; no
 * process could be made; it was restarted too often; it was not ready in time; its health checks failed; it was over its bounds.
 */
export type FailureReason =
  'exit' | 'cannot-execute' | 'cannot-spawn' | 'restart-limit' | 'not-ready' | 'unhealthy' | 'over-limit';

/** How a main process ended; the same shape as the system door's `ProcessEnd`. */
export type End =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: number; readonly core: boolean }
  | { readonly kind: 'not-executed'; readonly stage: string; readonly errno: number; readonly code: string }
  | { readonly kind: 'unknown' };

/** The eight states that clients know. */
export type PublicState =
  'stopped' | 'waiting' | 'starting' | 'running' | 'stopping' | 'backoff' | 'failed' | 'finished';

/** The state as clients see it. */
export function publicState({ kind }: UnitState): PublicState {
  switch (kind) {
    case 'clearing':
    case 'undoing':
      return 'stopping';
    case 'blocked':
      return 'failed';
    case 'stopped':
    case 'waiting':
    case 'starting':
    case 'running':
    case 'stopping':
    case 'backoff':
    case 'failed':
    case 'finished':
      return kind;
  }
}

/** The generation that is alive in this state (its tree not proved empty), if any. */
export function liveGeneration(state: UnitState): number | undefined {
  switch (state.kind) {
    case 'starting':
    case 'running':
    case 'clearing':
    case 'stopping':
      return state.generation;
    case 'stopped':
    case 'waiting':
    case 'blocked':
    case 'undoing':
    case 'backoff':
    case 'failed':
    case 'finished':
      return undefined;
  }
}
