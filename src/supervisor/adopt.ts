import { NO_RESTARTS, type RestartHistory } from './backoff.ts';
import type { Cause } from './cause.ts';
import type { Effect } from './effect.ts';
import { isSuccess } from './ends.ts';
import { freeze } from './freeze.ts';
import { HELD_GATE, OPEN_GATE } from './gate.ts';
import { firstRung, lastRung } from './ladder.ts';
import { isProbed } from './leave.ts';
import type { End, FailureReason, MainProcess, Stopping, UnitState } from './state.ts';
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
   * is still to be told. Of the others nothing is left, and that was told too: `over`: it had settled; `stopped`: it
   * was asked to be down; `waiting`: it is to be up as soon as the plan lets it; `backoff`: at the instant given.
   */
  readonly stage: 'starting' | 'alive' | 'ended' | 'over' | 'stopped' | 'waiting' | 'backoff';
  /** Of one that is alive: it had become ready, or not yet. Where that is not known, what is ready by its exec is so. */
  readonly wasReady?: boolean;
  /** Of one that is alive: the process that had become its main one, or that it was waited for (`MainProcess`). */
  readonly main?: number | 'awaited' | undefined;
  /** Present for `ended`, and for what comes after it where it has ever ended. */
  readonly end?: End | undefined;
  /** Of one that is alive: how the one before it ended, as far as that is known. */
  readonly endBefore?: End | undefined;
  /** Why it has failed, where it is `over` and its end does not say so. */
  readonly failure?: FailureReason | undefined;
  /** Present for `backoff`: when it is over, in CLOCK_MONOTONIC, and what the next delays follow from. */
  readonly backoff?: Backoff | undefined;
  /** Of one that is alive or `ended`: the stop that had begun, and what is wanted behind it. */
  readonly stop?: (FoundStop & { readonly desired: 'up' | 'down' }) | undefined;
  /** What the next delays follow from, where that is known. */
  readonly history?: RestartHistory | undefined;
  /** How often it had been started again, as far as that is known. */
  readonly restarts?: number | undefined;
  /** What comes next is caused by: the last event that was told of it, as far as that is known. */
  readonly cause: Cause;
  /** Of an order that waited until it is down, where that is known. */
  readonly waitingCause?: Cause | undefined;
}

/** How far a stop had come. */
export type FoundStop = Pick<Stopping, 'generation' | 'rung' | 'deadlineAtMs' | 'reason' | 'ranMs'>;

/** What there is to know of a unit in backoff. */
export interface Backoff {
  readonly untilAtMs: number;
  readonly history: RestartHistory;
}

/** The unit of a process that an earlier supervisor started; what is told of it from here on moves it as usual. */
export function adoptedUnit(spec: UnitSpec, found: Found): Unit {
  const state = stateOf(spec, found);
  const isOver = found.stage === 'over' || found.stage === 'stopped';
  const isDone = state.kind === 'finished' && spec.type === 'oneshot';
  const { generation, end, cause, stage } = found;
  const wished = isOver && !isDone ? 'down' : 'up';
  const desired = state.kind === 'stopping' ? (found.stop?.desired ?? wished) : wished;
  return freeze({
    spec,
    desired,
    gate: stage === 'waiting' ? HELD_GATE : OPEN_GATE,
    state,
    generation,
    history: found.backoff?.history ?? found.history ?? { ...NO_RESTARTS, restarts: found.restarts ?? 0 },
    lastEnd: end ?? found.endBefore,
    cause,
    waitingCause: state.kind === 'stopping' ? found.waitingCause : undefined,
  });
}

/**
 * What the earlier supervisor had set going and may not have come to: the killing of what is left, the time limits, the
 * probes.
 */
export function adoptionEffects(unit: Unit, found: Found): readonly Effect[] {
  const { spec, state } = unit;
  const { generation, startedAtMs, stage } = found;
  if (state.kind === 'stopping') return freeze(stopEffects(unit, state));
  if (stage === 'ended') return freeze([{ kind: 'kill', generation }]);
  if (state.kind === 'backoff') {
    const due = { kind: 'backoff-due', generation } as const;
    return freeze([{ kind: 'set-timer', timer: 'backoff', atMs: state.untilAtMs, due }]);
  }
  if (state.kind !== 'starting' && state.kind !== 'running') return freeze([]);
  const effects: Effect[] = [];
  if (state.main === 'awaited') effects.push({ kind: 'find-main', generation });
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

/** The stop goes on from the rung that it had come to, and with the patience that is left. */
function stopEffects(unit: Unit, state: Stopping): Effect[] {
  const { generation, rung, deadlineAtMs, main, end } = state;
  const effects: Effect[] = main === 'awaited' ? [{ kind: 'find-main', generation }] : [];
  if (rung === 'kill' || deadlineAtMs === undefined) {
    effects.push(end === undefined ? lastRung(unit, main) : { kind: 'kill', generation });
    return effects;
  }
  const due = { kind: 'stop-due', generation } as const;
  effects.push({ kind: 'set-timer', timer: 'stop', atMs: deadlineAtMs, due });
  /* That it was asked is not known; to be asked twice is better than not at all. */
  effects.push(rung === 'command' ? { kind: 'run-command', generation } : firstRung(unit, main));
  return effects;
}

/** A stop that had got beyond waiting for others; undefined where there was none. */
function stoppingOf(spec: UnitSpec, found: Found): Stopping | undefined {
  const { stop, stage, generation, end } = found;
  if (stop === undefined || stop.rung === 'wait') return undefined;
  const hasEnded = stage === 'ended';
  if (!hasEnded && stage !== 'alive' && stage !== 'starting') return undefined;
  const pid = typeof found.main === 'number' ? found.main : found.pid;
  const { rung, deadlineAtMs, reason, ranMs } = stop;
  /* What is left behind a main process that has ended is killed, but where it was asked too. */
  const isKilled = hasEnded && (spec.stop.scope !== 'tree' || rung === 'command');
  return {
    kind: 'stopping',
    generation,
    pid,
    main: mainOf(found),
    rung: isKilled ? 'kill' : rung,
    deadlineAtMs,
    end: hasEnded ? end : undefined,
    reason,
    ranMs,
  };
}

function stateOf(spec: UnitSpec, found: Found): UnitState {
  const { generation, pid, startedAtMs, stage, end = { kind: 'unknown' } } = found;
  const stopping = stoppingOf(spec, found);
  if (stopping !== undefined) return stopping;
  switch (stage) {
    case 'starting':
    case 'alive': {
      const isByExec = spec.type === 'service' && spec.readyBy === 'exec';
      const isReady = found.wasReady ?? isByExec;
      const process = { pid: typeof found.main === 'number' ? found.main : pid, main: mainOf(found) };
      if (stage === 'alive' && isReady)
        return { kind: 'running', generation, readyAtMs: startedAtMs, ...process };
      /* What is ready by its exec becomes so when that is told once more. */
      const hasExecuted = stage === 'alive' && !isByExec;
      return { kind: 'starting', generation, hasExecuted, isReady: false, ...process };
    }
    case 'ended':
      return { kind: 'clearing', generation, end, ranMs: 0, again: false };
    case 'over':
      if (found.failure !== undefined) return { kind: 'failed', reason: found.failure, end: found.end };
      if (isSuccess(end, spec)) return { kind: 'finished', end };
      return { kind: 'failed', reason: end.kind === 'not-executed' ? 'cannot-execute' : 'exit', end };
    case 'stopped':
      return { kind: 'stopped' };
    case 'waiting':
      return { kind: 'waiting' };
    case 'backoff':
      return { kind: 'backoff', untilAtMs: found.backoff?.untilAtMs ?? startedAtMs, end };
  }
}

function mainOf({ main }: Found): MainProcess {
  if (main === undefined) return 'first';
  return main === 'awaited' ? 'awaited' : 'other';
}
