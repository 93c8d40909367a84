import type { End } from './state.ts';
import type { Unit } from './step.ts';
import type { UnitSpec } from './unit.ts';

const HOPELESS: readonly string[] = ['ENOENT', 'EACCES', 'ENOEXEC'];

/** An end that is no failure of this unit. */
export function isSuccess(end: End, { success }: UnitSpec): boolean {
  switch (end.kind) {
    case 'exited':
      return success.codes.includes(end.code);
    case 'signalled':
      return success.signals.includes(end.signal);
    case 'not-executed':
    case 'unknown':
      return false;
  }
}

/** A oneshot that has done what it is for, also while what it has left behind is cleared away. */
export function hasFinished({ spec, state }: Unit): boolean {
  if (spec.type !== 'oneshot') return false;
  return state.kind === 'finished' || (state.kind === 'clearing' && isSuccess(state.end, spec));
}

/** Nothing can run it: trying again would only fail again. */
export function isHopeless(end: End): boolean {
  return end.kind === 'not-executed' && end.stage === 'exec' && HOPELESS.includes(end.code);
}

/** How it is made is not known (a journal that was lost): only a request that says so again can start it. */
export function isForgotten(end: End): boolean {
  return end.kind === 'not-executed' && end.stage === 'request' && end.code === 'ENODATA';
}
