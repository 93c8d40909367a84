import { nextRestart } from './backoff.ts';
import { isHopeless, isSuccess } from './ends.ts';
import type { Moment } from './event.ts';
import type { End, FailureReason } from './state.ts';
import { goUp } from './spawn.ts';
import { move, type Step, type Unit } from './step.ts';

/** It ended by itself after running for `ranMs`, or never came to be, and nothing of it is left: what now? */
export function settle(unit: Unit, end: End, ranMs: number, moment: Moment): Step {
  const { restart, type } = unit.spec;
  if (isSuccess(end, unit.spec) && (restart.policy !== 'always' || type === 'oneshot'))
    return finish(unit, end);
  if (isHopeless(end)) return fail(unit, 'cannot-execute', end);
  return settleFailure(unit, end.kind === 'not-executed' ? 'cannot-execute' : 'exit', end, ranMs, moment);
}

/** It has failed, for this reason: tried again, or given up, as its policy says. */
export function settleFailure(
  unit: Unit,
  reason: FailureReason,
  end: End,
  ranMs: number,
  moment: Moment,
): Step {
  const { restart } = unit.spec;
  if (restart.policy === 'never') return fail(unit, reason, end);
  const next = nextRestart(restart, unit.history, ranMs, moment.atMs, moment.chance);
  if (next.kind === 'give-up') return fail(unit, 'restart-limit', end);
  const { delayMs, history } = next;
  if (delayMs === 0) return goUp(unit, history, moment);
  const { generation } = unit;
  const untilAtMs = moment.atMs + delayMs;
  return move({ ...unit, history, state: { kind: 'backoff', untilAtMs, end }, desired: 'up' }, [
    { kind: 'tell', event: { kind: 'backoff', delayMs, attempt: history.attempt } },
    { kind: 'set-timer', timer: 'backoff', atMs: untilAtMs, due: { kind: 'backoff-due', generation } },
  ]);
}

/** Given up: nothing is started again before somebody asks for it. */
export function fail(unit: Unit, reason: FailureReason, end: End): Step {
  return move({ ...unit, desired: 'down', state: { kind: 'failed', reason, end } }, [
    { kind: 'tell', event: { kind: 'failed', reason, end } },
  ]);
}

/** Down because it was asked to be. */
export function beStopped(unit: Unit, reason: string): Step {
  return move({ ...unit, desired: 'down', state: { kind: 'stopped' } }, [
    { kind: 'tell', event: { kind: 'stopped', reason } },
  ]);
}

/** A oneshot has come to what it is for, a service has ended. */
function finish(unit: Unit, end: End): Step {
  const desired = unit.spec.type === 'oneshot' ? 'up' : 'down';
  return move({ ...unit, desired, state: { kind: 'finished', end } }, [
    { kind: 'tell', event: { kind: 'finished', end } },
  ]);
}
