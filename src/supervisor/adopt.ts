import { NO_RESTARTS } from './backoff.ts';
import type { Cause } from './cause.ts';
import type { Effect } from './effect.ts';
import { isSuccess } from './ends.ts';
import { freeze } from './freeze.ts';
import { OPEN_GATE } from './gate.ts';
import { isProbed } from './leave.ts';
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
  /** Of one that is alive: it had become ready. What is ready by its exec is so anyway. */
  readonly wasReady?: boolean;
  /** Present for `ended`, `over` and `stopped`. */
  readonly end?: End | undefined;
  /** What comes next is caused by: the last event that was told of it, as far as that is known. */
  readonly cause: Cause;
}

/** The unit of a process that an earlier supervisor started; what is told of it from here on moves it as usual. */
export function adoptedUnit(spec: UnitSpec, found: Found): Unit {
  const state = stateOf(spec, found);
  const isOver = found.stage === 'over' || found.stage === 'stopped';
  const isDone = state.kind === 'finished' && spec.type === 'oneshot';
  const { generation, end, cause } = found;
  const desired = isOver && !isDone ? 'down' : 'up';
  return freeze({
    spec,
    desired,
    gate: OPEN_GATE,
    state,
    generation,
    history: NO_RESTARTS,
    lastEnd: end,
    cause,
    waitingCause: undefined,
  });
}

/**
 * What the earlier supervisor had set going and may not have come to: the killing of what is left, the time limits, the
 * probes.
 */
export function adoptionEffects({ spec, state }: Unit, found: Found): readonly Effect[] {
  const { generation, startedAtMs, stage } = found;
  if (stage === 'ended') return freeze([{ kind: 'kill', generation }]);
  if (state.kind !== 'starting' && state.kind !== 'running') return freeze([]);
  const effects: Effect[] = [];
  if (spec.timeoutMs !== undefined) {
    const due = { kind: 'time-over', generation } as const;
    effects.push({ kind: 'set-timer', timer: 'time', atMs: startedAtMs + spec.timeoutMs, due });
  }
  if (spec.readyTimeoutMs !== undefined && state.kind === 'starting') {
    const due = { kind: 'ready-due', generation } as const;
    effects.push({ kind: 'set-timer', timer: 'ready', atMs: startedAtMs + spec.readyTimeoutMs, due });
  }
  if (isProbed(spec) && stage === 'alive') {
    const running = spec.hasHealth ? 'health' : 'none';
    effects.push({ kind: 'probe', generation, what: state.kind === 'running' ? running : 'ready' });
  }
  return freeze(effects);
}

function stateOf(spec: UnitSpec, found: Found): UnitState {
  const { generation, pid, startedAtMs, stage, wasReady = false, end = { kind: 'unknown' } } = found;
  switch (stage) {
    case 'starting':
    case 'alive': {
      const isReady = wasReady || (spec.type === 'service' && spec.readyBy === 'exec');
      if (stage === 'alive' && isReady)
        return { kind: 'running', generation, pid, readyAtMs: startedAtMs, main: 'first' };
      const hasExecuted = stage === 'alive';
      return { kind: 'starting', generation, pid, hasExecuted, isReady: false, main: 'first' };
    }
    case 'ended':
      return { kind: 'clearing', generation, end, ranMs: 0, again: false };
    case 'over':
      if (isSuccess(end, spec)) return { kind: 'finished', end };
      return { kind: 'failed', reason: end.kind === 'not-executed' ? 'cannot-execute' : 'exit', end };
    case 'stopped':
      return { kind: 'stopped' };
  }
}
