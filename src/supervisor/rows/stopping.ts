import type { Effect } from '../effect.ts';
import type { Moment } from '../event.ts';
import { begin, desiredAfter, firstRung, laterReason, lastRung, whenDown } from '../ladder.ts';
import { mayBeReplaced, takePlace } from '../replace.ts';
import { ignored, impossible, type Row } from '../row.ts';
import type { End, Stopping } from '../state.ts';
import { after, move, stay, type Step, type Unit } from '../step.ts';

const NO_TIMER: Effect = { kind: 'cancel-timer', timer: 'stop' };
const NOT_TOLD: End = { kind: 'unknown' };

/** It is to end, or is being killed. Orders that come meanwhile change the wish, not the way down. */
export const STOPPING: Row<'stopping'> = {
  'order-start': (unit, state) => {
    if (unit.desired === 'down') return move({ ...unit, desired: 'up' });
    /* What would come of its failure may be no start. */
    return ['not-ready', 'unhealthy', 'over-limit'].includes(state.reason)
      ? move({ ...unit, state: { ...state, reason: 'restart' } })
      : stay('ignore', unit, 'it will be started');
  },
  'order-stop': (unit, state, event) => {
    const desired = desiredAfter(event.reason);
    const reason = laterReason(state.reason, event.reason);
    if (desired === unit.desired && reason === state.reason)
      return stay('ignore', unit, 'it is being stopped');
    return move({ ...unit, desired, state: { ...state, reason } });
  },
  gate: (unit, state, { gate }, moment) => {
    const told = { ...unit, gate };
    return state.rung === 'wait' && !gate.isNeeded ? begin(told, state, moment) : move(told);
  },
  'need-lost': ignored('it is being stopped'),
  spawned: (unit, state, { pid }) => {
    if (state.pid !== undefined || state.end !== undefined)
      return stay('impossible', unit, 'its spawn was answered before');
    const effects: Effect[] = [];
    if (state.rung === 'signal') effects.push(firstRung(unit, state.main));
    if (state.rung === 'kill') effects.push(lastRung(unit, state.main));
    return move({ ...unit, state: { ...state, pid } }, effects);
  },
  refused: (unit, state, { end }, moment) => {
    if (state.pid !== undefined || state.end !== undefined)
      return stay('impossible', unit, 'its spawn was answered before');
    return over({ ...unit, lastEnd: end }, state, moment);
  },
  executed: ignored('it is being stopped'),
  exited: (unit, state, { end }) => {
    if (state.end !== undefined) return stay('ignore', unit, 'told again');
    if (state.pid === undefined) return stay('impossible', unit, 'its spawn is answered first');
    if (state.main === 'other') return stay('ignore', unit, 'another process is its main one');
    if (state.main === 'awaited') return stay('ignore', unit, 'told again');
    return ended(unit, state, end);
  },
  emptied: (unit, state, _event, moment) => {
    if (state.end !== undefined) return over(unit, state, moment);
    if (state.main === 'first') return stay('impossible', unit, 'the end of the main process is told first');
    return after(exit(state, NOT_TOLD), over({ ...unit, lastEnd: NOT_TOLD }, state, moment));
  },
  ready: ignored('it is being stopped'),
  unhealthy: ignored('it is being stopped'),
  'main-changed': (unit, state, { pid }) => {
    if (state.end !== undefined) return stay('ignore', unit, 'it has ended');
    if (state.pid === undefined) return stay('impossible', unit, 'its spawn is answered first');
    return move({ ...unit, state: { ...state, pid, main: 'other' } });
  },
  'main-exited': (unit, state, { end }) => {
    if (state.end !== undefined) return stay('ignore', unit, 'told again');
    if (state.main !== 'other') return stay('ignore', unit, 'its first process is the main one');
    return ended(unit, state, end);
  },
  'command-ended': (unit, state, { isDone }) => {
    if (state.rung !== 'command') return stay('ignore', unit, 'it is being stopped');
    return move(
      { ...unit, state: { ...state, rung: 'signal' } },
      isDone ? [] : [firstRung(unit, state.main)],
    );
  },
  'stop-due': (unit, state) => {
    if (state.rung === 'kill') return stay('ignore', unit, 'it is being killed');
    const { generation, pid, end, rung, main } = state;
    const effects: Effect[] = [NO_TIMER];
    if (rung === 'command') effects.push({ kind: 'kill-command', generation });
    /* Without a pid there is nothing to kill yet: `spawned` does. */
    if (pid !== undefined)
      effects.push(end === undefined ? lastRung(unit, main) : { kind: 'kill', generation });
    return move({ ...unit, state: { ...state, rung: 'kill' } }, effects);
  },
  'time-over': ignored('it is being stopped'),
  'ready-due': ignored('it is being stopped'),
  'backoff-due': impossible('no backoff ends in this state'),
  replaced: (unit, _state, { by }) =>
    mayBeReplaced(unit) ? takePlace(unit, by) : stay('ignore', unit, 'it is being stopped'),
};

/** Nothing of it is left, or it never came to be. */
function over(unit: Unit, { reason, ranMs, rung, generation }: Stopping, moment: Moment): Step {
  const down = after(NO_TIMER, whenDown(unit, reason, ranMs, moment));
  return rung === 'command' ? after({ kind: 'kill-command', generation }, down) : down;
}

/** The main process has ended; the others have the rest of the patience to do so if they were asked too, or are killed. */
function ended(unit: Unit, state: Stopping, end: End): Step {
  const { generation, rung } = state;
  const told = { ...unit, lastEnd: end };
  const tell = exit(state, end);
  if (unit.spec.stop.scope === 'tree' && rung === 'signal')
    return move({ ...told, state: { ...state, end } }, [tell]);
  const effects: Effect[] = [NO_TIMER, tell, { kind: 'kill', generation }];
  if (rung === 'command') effects.unshift({ kind: 'kill-command', generation });
  return move({ ...told, state: { ...state, rung: 'kill', end } }, effects);
}

function exit({ generation, pid }: Stopping, end: End): Effect {
  return { kind: 'tell', event: { kind: 'exited', generation, pid, end } };
}
