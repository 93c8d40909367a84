import { NO_RESTARTS } from './backoff.ts';
import type { Cause } from './cause.ts';
import type { Effect } from './effect.ts';
import { freeze } from './freeze.ts';
import type { End, UnitState } from './state.ts';
import type { Unit } from './step.ts';
import type { UnitSpec } from './unit.ts';

/** What is known of a process that was there before this supervisor. */
export interface Found {
  readonly generation: number;
  readonly pid: number;
  /** CLOCK_MONOTONIC in milliseconds. */
  readonly startedAtMs: number;
  /**
   * `starting`, `alive`: its end is still to be told. `ended`: its end was told before, that nothing is left
   * is still to be told. `over`: that was told too, and it had settled; `stopped`: and it was asked to be down.
   */
  readonly stage: 'starting' | 'alive' | 'ended' | 'over' | 'stopped';
  /** Present for `ended`, `over` and `stopped`. */
  readonly end?: End | undefined;
  /** What comes next is caused by: the last event that was told of it, as far as that is known. */
  readonly cause: Cause;
}

/** The unit of a process that an earlier supervisor started; what is told of it from here on moves it as usual. */
export function adoptedUnit(spec: UnitSpec, found: Found): Unit {
  const state = stateOf(found);
  const isOver = found.stage === 'over' || found.stage === 'stopped';
  const { generation, end, cause } = found;
  const desired = isOver ? 'down' : 'up';
  return freeze({
    spec,
    desired,
    state,
    generation,
    history: NO_RESTARTS,
    lastEnd: end,
    cause,
    waitingCause: undefined,
  });
}

/** What the earlier supervisor had set going and may not have come to: the killing of what is left, the time limit. */
export function adoptionEffects(spec: UnitSpec, found: Found): readonly Effect[] {
  const { generation, startedAtMs, stage } = found;
  if (stage === 'ended') return freeze([{ kind: 'kill', generation }]);
  if (spec.timeoutMs === undefined || stage === 'over' || stage === 'stopped') return freeze([]);
  const atMs = startedAtMs + spec.timeoutMs;
  return freeze([{ kind: 'set-timer', timer: 'time', atMs, due: { kind: 'time-over', generation } }]);
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
    case 'stopped':
      return { kind: 'stopped' };
  }
}
