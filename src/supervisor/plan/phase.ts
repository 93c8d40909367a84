import type { Unit } from '../step.ts';

/** What a unit is in the middle of, and what takes time by itself: not the waiting for others. */
export type Phase = 'start' | 'stop';

/**
 * `start`: it has a process that is not ready (a oneshot: has not finished). `stop`: it has been asked to end, or what it
 * did is being undone. Undefined in all else, also while it waits for others.
 */
export function phaseOf({ state }: Unit): Phase | undefined {
  switch (state.kind) {
    case 'starting':
      return state.pid === undefined ? undefined : 'start';
    case 'stopping':
      return state.rung === 'wait' ? undefined : 'stop';
    case 'undoing':
      return state.step === 'wait' ? undefined : 'stop';
    case 'clearing':
      return undefined;
    case 'stopped':
    case 'waiting':
    case 'blocked':
    case 'running':
    case 'backoff':
    case 'failed':
    case 'finished':
      return undefined;
  }
}
