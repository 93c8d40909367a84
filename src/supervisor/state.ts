/**
 * The life of a unit; docs/states.org tells it in full.
 *
 * A unit has one state, and each member of the union holds only what is true there. Beside it stands
 * what is *desired*: the state moves towards it, and what a person asked for in the middle of a move
 * changes the wish, not the move. Up means that a process exists; ready that it can serve.
 *
 *   stopped ──start──▶ starting ──exec──▶ running ──ends──▶ clearing ──tree empty──▶ finished | failed
 *      ▲                   │ ▲               │                  │                        │
 *      │                   │ └───────────────│──────────────────│─────── backoff ◀───────┘ (restart)
 *      └──tree empty── stopping ◀──stop──────┴───────stop───────┘
 *
 * `clearing` is the time between the end of the main process and the proof that nothing of its tree
 * is left; clients see it as `stopping`. Nothing is started before that proof: so there are never two
 * live generations of a unit.
 */
export type UnitState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting'; readonly generation: number; readonly pid: number | undefined }
  | {
      readonly kind: 'running';
      readonly generation: number;
      readonly pid: number;
      readonly readyAtMs: number;
    }
  | {
      readonly kind: 'clearing';
      readonly generation: number;
      readonly end: End;
      readonly ranMs: number;
      /** An order to start came meanwhile: it is carried out when the tree is empty. */
      readonly again: boolean;
    }
  | {
      readonly kind: 'stopping';
      readonly generation: number;
      readonly pid: number | undefined;
      /** `signal`: it was asked to end (as soon as it has a pid). `kill`: SIGKILL until nothing of the tree is left. */
      readonly rung: 'signal' | 'kill';
      /** When the patience of the first rung is, or was, over. */
      readonly deadlineAtMs: number;
      /** How the main process ended, once it has. */
      readonly end: End | undefined;
      /** The first cause; a restart that became a stop has the cause of that. */
      readonly reason: StopReason;
    }
  | { readonly kind: 'backoff'; readonly untilAtMs: number; readonly end: End }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly end: End | undefined }
  | { readonly kind: 'finished'; readonly end: End };

/** Why a unit is being stopped. `timed-out`: a Run whose time was over. `restart`: to be started again. */
export type StopReason = 'requested' | 'restart' | 'timed-out' | 'client-gone' | 'shutdown';

/**
 * Why a unit is `failed`: it ended badly and is not restarted; its program could not be executed; no
 * process could be made; it was restarted too often.
 */
export type FailureReason = 'exit' | 'cannot-execute' | 'cannot-spawn' | 'restart-limit';

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
export function publicState(state: UnitState): PublicState {
  return state.kind === 'clearing' ? 'stopping' : state.kind;
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
    case 'backoff':
    case 'failed':
    case 'finished':
      return undefined;
  }
}
