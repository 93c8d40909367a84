import type { Effect } from './effect.ts';
import type { Moment } from './event.ts';
import type { StopReason } from './state.ts';
import { move, type Step, type Unit } from './step.ts';

const SIGKILL = 9;

/**
 * The stop ladder: a signal, some patience, SIGKILL. Who gets the one and the other is the policy's
 * scope: the main process or all (units page, `stop`). Whatever the scope, what is left once the main process
 * has ended is killed; with `tree` it is given the rest of the patience first, since it was asked too.
 *
 * Where the process has no pid yet the signal waits for it (`spawned`), the patience does not.
 */
export function stop(unit: Unit, pid: number | undefined, reason: StopReason, moment: Moment): Step {
  const { generation } = unit;
  const deadlineAtMs = moment.atMs + unit.spec.stop.timeoutMs;
  const state = {
    kind: 'stopping',
    generation,
    pid,
    rung: 'signal',
    deadlineAtMs,
    end: undefined,
    reason,
  } as const;
  const effects: Effect[] = [
    { kind: 'cancel-timer', timer: 'time' },
    { kind: 'tell', event: { kind: 'stopping', generation, reason } },
    { kind: 'set-timer', timer: 'stop', atMs: deadlineAtMs, due: { kind: 'stop-due', generation } },
  ];
  if (pid !== undefined) effects.push(firstRung(unit));
  return move({ ...unit, desired: desiredAfter(reason), state }, effects);
}

/** What a stop for this reason leaves to be wished for. */
export function desiredAfter(reason: StopReason): 'up' | 'down' {
  return reason === 'restart' ? 'up' : 'down';
}

/** The signal. */
export function firstRung({ generation, spec }: Unit): Effect {
  const { signal, scope } = spec.stop;
  return { kind: 'signal', generation, signal, scope: scope === 'tree' ? 'tree' : 'main' };
}

/** SIGKILL, once the patience is over, to a tree whose main process has not ended. */
export function lastRung({ generation, spec }: Unit): Effect {
  return spec.stop.scope === 'main'
    ? { kind: 'signal', generation, signal: SIGKILL, scope: 'main' }
    : { kind: 'kill', generation };
}
