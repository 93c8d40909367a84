import type { Effect } from './effect.ts';
import type { Moment } from './event.ts';
import { desiredAfter, stopping, whenDown } from './ladder.ts';
import type { End, StopReason, Undoing } from './state.ts';
import { after, move, type Step, type Unit } from './step.ts';

/**
 * A oneshot that has finished is brought down: when nothing needs it any more its stop command is run, if it has one,
 * with the patience of a stop, and whatever comes of it the unit is down then.
 */
export function undo(unit: Unit, end: End, reason: StopReason, moment: Moment, other?: string): Step {
  const state: Undoing = { kind: 'undoing', step: 'wait', end, reason };
  const undone: Unit = { ...unit, desired: desiredAfter(reason), state };
  const tell: Effect = { kind: 'tell', event: stopping(unit.generation, reason, other) };
  if (unit.gate.isNeeded) return move(undone, [tell]);
  return after(tell, runUndo(undone, state, moment));
}

/** Nothing needs it any more. */
export function runUndo(unit: Unit, state: Undoing, moment: Moment): Step {
  const { generation, spec } = unit;
  if (!spec.isUndone) return whenDown(unit, state.reason, undefined, moment);
  const atMs = moment.atMs + spec.stop.timeoutMs;
  return move({ ...unit, state: { ...state, step: 'command' } }, [
    { kind: 'set-timer', timer: 'stop', atMs, due: { kind: 'stop-due', generation } },
    { kind: 'run-command', generation },
  ]);
}
