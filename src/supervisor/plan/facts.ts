import type { Unit } from '../step.ts';

/** It can serve those that need it: running, or a oneshot that has finished. */
export const UP = 1;
/** Something of it has to be down before what it needs goes down. */
export const LIVE = 2;
/** It is live, and on its way down. */
export const FALLING = 4;
/** It is live and not on its way down: what it needs must be up. */
export const UPRIGHT = 8;
/** Something will come of its start without anybody doing more about it: those that come after it wait for that. */
export const UNDERWAY = 16;
/** It is `failed`, by itself or for what it needs. */
export const FAILED = 32;

/** What its neighbours have to know of a unit: a sum of the flags above. */
export type Facts = number;

/**
 * @param isMoving of what it waits for nothing waits for somebody to do something
 */
export function factsOf({ state, desired, spec }: Unit, isMoving: boolean): Facts {
  const isOneshot = spec.type === 'oneshot';
  switch (state.kind) {
    case 'stopped':
    case 'backoff':
      return 0;
    case 'waiting':
      return isMoving ? UNDERWAY : 0;
    case 'blocked':
    case 'failed':
      return FAILED;
    case 'starting':
      return LIVE | UPRIGHT | UNDERWAY;
    case 'running':
      return LIVE | UPRIGHT | UP;
    case 'clearing':
      return LIVE | FALLING | UNDERWAY;
    case 'stopping':
    case 'undoing':
      return LIVE | FALLING | (desired === 'up' ? UNDERWAY : 0);
    case 'finished':
      return isOneshot ? LIVE | UPRIGHT | UP : 0;
  }
}

/** Whether a unit has come to where an order to start brings it, or is on the way there with a process. */
export function isUpright(unit: Unit): boolean {
  return (factsOf(unit, false) & UPRIGHT) !== 0;
}
