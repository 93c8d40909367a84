import { NO_RESTARTS } from './backoff.ts';
import type { Effect } from './effect.ts';
import type { Moment } from './event.ts';
import { leaveUp } from './leave.ts';
import { beStopped, settleFailure } from './settle.ts';
import { goUp } from './spawn.ts';
import type { MainProcess, Running, Starting, Stopping, StopReason } from './state.ts';
import { move, type Step, type Unit } from './step.ts';

const SIGKILL = 9;

/**
 * The stop ladder: until nothing needs it, a command or a signal, some patience, SIGKILL. Who gets the signals is the
 * policy's scope: the main process or all (units page, `stop`). Whatever the scope, what is left once the main process
 * has ended is killed; with `tree` it is given the rest of the patience first, since it was asked too.
 *
 * Where the process has no pid yet the signal waits for it (`spawned`), the patience does not.
 *
 * @param other the other unit that is the reason, where one is
 */
export function stop(
  unit: Unit,
  from: Starting | Running,
  reason: StopReason,
  moment: Moment,
  other?: string,
): Step {
  const { generation, pid, main } = from;
  const ranMs = from.kind === 'running' ? moment.atMs - from.readyAtMs : undefined;
  const open = { deadlineAtMs: undefined, end: undefined, reason, ranMs } as const;
  const state: Stopping = { kind: 'stopping', generation, pid, main, rung: 'wait', ...open };
  const effects: Effect[] = [...leaveUp(unit), { kind: 'tell', event: stopping(generation, reason, other) }];
  const stopped: Unit = { ...unit, desired: desiredAfter(reason), state };
  if (unit.gate.isNeeded) return move(stopped, effects);
  const begun = begin(stopped, state, moment);
  return { ...begun, effects: [...effects, ...begun.effects] };
}

/** What others are told when a stop begins; `other`: the unit that is the reason, where one is. */
export function stopping(
  generation: number,
  reason: StopReason,
  other: string | undefined,
): Extract<Effect, { kind: 'tell' }>['event'] {
  const plain = { kind: 'stopping', generation, reason } as const;
  if (other === undefined) return plain;
  return reason === 'conflict' ? { ...plain, rival: other } : { ...plain, need: other };
}

/** The first rung, now that nothing needs it any more. */
export function begin(unit: Unit, state: Stopping, moment: Moment): Step {
  const { generation, pid, ranMs, main } = state;
  const byCommand = unit.spec.stopsByCommand && ranMs !== undefined;
  const deadlineAtMs = moment.atMs + unit.spec.stop.timeoutMs;
  const effects: Effect[] = [
    { kind: 'set-timer', timer: 'stop', atMs: deadlineAtMs, due: { kind: 'stop-due', generation } },
  ];
  if (byCommand) effects.push({ kind: 'run-command', generation });
  else if (pid !== undefined) effects.push(firstRung(unit, main));
  return move(
    { ...unit, state: { ...state, rung: byCommand ? 'command' : 'signal', deadlineAtMs } },
    effects,
  );
}

/** What a stop for this reason leaves to be wished for. */
export function desiredAfter(reason: StopReason): 'up' | 'down' {
  switch (reason) {
    case 'restart':
    case 'dependency':
    case 'not-ready':
    case 'unhealthy':
    case 'over-limit':
      return 'up';
    case 'requested':
    case 'timed-out':
    case 'client-gone':
    case 'shutdown':
    case 'conflict':
    case 'replaced':
    case 'withdrawn':
      return 'down';
  }
}

/** Why it is being stopped once another reason has come: one that leaves it to be up gives way. */
export function laterReason(first: StopReason, second: StopReason): StopReason {
  return desiredAfter(first) === 'up' ? second : first;
}

/** The signal; to all where it is not known which is the main process. */
export function firstRung({ generation, spec }: Unit, main: MainProcess): Effect {
  const { signal, scope } = spec.stop;
  const isForAll = scope === 'tree' || main === 'awaited';
  return { kind: 'signal', generation, signal, scope: isForAll ? 'tree' : 'main' };
}

/** SIGKILL, once the patience is over, to a tree whose main process has not ended. */
export function lastRung({ generation, spec }: Unit, main: MainProcess): Effect {
  return spec.stop.scope === 'main' && main !== 'awaited'
    ? { kind: 'signal', generation, signal: SIGKILL, scope: 'main' }
    : { kind: 'kill', generation };
}

/** Nothing of it is left, or it never came to be: down, or up again where that is the wish by now. */
export function whenDown(unit: Unit, reason: StopReason, ranMs: number | undefined, moment: Moment): Step {
  if (unit.desired === 'down') return beStopped(unit, reason);
  const { history, lastEnd = { kind: 'unknown' } } = unit;
  switch (reason) {
    case 'not-ready':
    case 'unhealthy':
    case 'over-limit':
      return settleFailure(unit, reason, lastEnd, ranMs ?? 0, moment);
    case 'dependency':
      return goUp(unit, { ...history, restarts: history.restarts + 1 }, moment);
    case 'restart':
    case 'requested':
    case 'timed-out':
    case 'client-gone':
    case 'shutdown':
    case 'conflict':
    case 'replaced':
    case 'withdrawn':
      return goUp(unit, NO_RESTARTS, moment);
  }
}
