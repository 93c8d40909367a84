import { NO_RESTARTS } from './backoff.ts';
import type { End, UnitState } from './state.ts';
import type { Unit } from './transition.ts';
import type { UnitSpec } from './unit.ts';

/** What is known of a process that was there before this supervisor. */
export interface Found {
  readonly generation: number;
  readonly pid: number;
  readonly startedAtMs: number;
  /** `alive`: its end is still to be told. `ended`: its end was told before, its tree may not be empty. `over`: nothing is left. */
  readonly stage: 'starting' | 'alive' | 'ended' | 'over';
  /** Present for `ended` and `over`. */
  readonly end?: End | undefined;
}

/** The unit of a process that an earlier supervisor started; what is told of it from here on moves it as usual. */
export function adoptedUnit(spec: UnitSpec, found: Found): Unit {
  const state = stateOf(found);
  const isUp = state.kind === 'starting' || state.kind === 'running';
  return { spec, desired: isUp ? 'up' : 'down', state, history: NO_RESTARTS, lastEnd: found.end };
}

function stateOf({ generation, pid, startedAtMs, stage, end = { kind: 'unknown' } }: Found): UnitState {
  switch (stage) {
    case 'starting':
      return { kind: 'starting', generation, pid };
    case 'alive':
      return { kind: 'running', generation, pid, readyAtMs: startedAtMs };
    case 'ended':
      return { kind: 'clearing', generation, end, ranMs: 0, again: false };
    case 'over':
      if (end.kind === 'exited' && end.code === 0) return { kind: 'finished', end };
      return { kind: 'failed', reason: end.kind === 'not-executed' ? 'cannot-execute' : 'exit', end };
  }
}
