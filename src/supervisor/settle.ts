import { nextRestart } from './backoff.ts';
import type { Moment } from './event.ts';
import type { End, FailureReason } from './state.ts';
import { spawn } from './spawn.ts';
import { move, type Step, type Unit } from './step.ts';

/** It ended by itself after running for `ranMs`, or never came to be, and nothing of it is left: what now? */
export function settle(unit: Unit, end: End, ranMs: number, moment: Moment): Step {
  const { restart } = unit.spec;
  if (isHopeless(end)) return fail(unit, 'cannot-execute', end);
  if (restart.policy === 'never' || (restart.policy === 'on-failure' && isSuccess(end))) {
    if (isSuccess(end)) return finish(unit, end);
    return fail(unit, end.kind === 'not-executed' ? 'cannot-execute' : 'exit', end);
  }
  const next = nextRestart(restart, unit.history, ranMs, moment.atMs, moment.chance);
  if (next.kind === 'give-up') return fail(unit, 'restart-limit', end);
  const { delayMs, history } = next;
  if (delayMs === 0) return spawn(unit, history, moment);
  const { generation } = unit;
  const untilAtMs = moment.atMs + delayMs;
  return move({ ...unit, history, state: { kind: 'backoff', untilAtMs, end } }, [
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

function finish(unit: Unit, end: End): Step {
  return move({ ...unit, desired: 'down', state: { kind: 'finished', end } }, [
    { kind: 'tell', event: { kind: 'finished', end } },
  ]);
}

/** Nothing can run it: trying again would only fail again. */
function isHopeless(end: End): boolean {
  return (
    end.kind === 'not-executed' && end.stage === 'exec' && ['ENOENT', 'EACCES', 'ENOEXEC'].includes(end.code)
  );
}

function isSuccess(end: End): boolean {
  return end.kind === 'exited' && end.code === 0;
}
