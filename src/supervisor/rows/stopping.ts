import type { Effect } from '../effect.ts';
import type { Moment } from '../event.ts';
import { desiredAfter, firstRung, lastRung } from '../ladder.ts';
import { ignored, impossible, type Row } from '../row.ts';
import { beStopped } from '../settle.ts';
import { startAnew } from '../spawn.ts';
import type { StopReason } from '../state.ts';
import { after, move, stay, type Step, type Unit } from '../step.ts';

const NO_TIMER: Effect = { kind: 'cancel-timer', timer: 'stop' };

/** Nothing of it is left, or it never came to be: down, or up again where that is the wish by now. */
function over(unit: Unit, reason: StopReason, moment: Moment): Step {
  return after(NO_TIMER, unit.desired === 'up' ? startAnew(unit, moment) : beStopped(unit, reason));
}

/** It was asked to end, or is being killed. Orders that come meanwhile change the wish, not the way down. */
export const STOPPING: Row<'stopping'> = {
  'order-start': (unit) =>
    unit.desired === 'up' ? stay('ignore', unit, 'it will be started') : move({ ...unit, desired: 'up' }),
  'order-stop': (unit, state, event) => {
    const desired = desiredAfter(event.reason);
    /* The first cause stays, but a restart that becomes a stop is one. */
    const reason = state.reason === 'restart' ? event.reason : state.reason;
    if (desired === unit.desired && reason === state.reason)
      return stay('ignore', unit, 'it is being stopped');
    return move({ ...unit, desired, state: { ...state, reason } });
  },
  spawned: (unit, state, { pid }) => {
    if (state.pid !== undefined || state.end !== undefined)
      return stay('impossible', unit, 'its spawn was answered before');
    return move({ ...unit, state: { ...state, pid } }, [
      state.rung === 'signal' ? firstRung(unit) : lastRung(unit),
    ]);
  },
  refused: (unit, state, { end }, moment) => {
    if (state.pid !== undefined || state.end !== undefined)
      return stay('impossible', unit, 'its spawn was answered before');
    return over({ ...unit, lastEnd: end }, state.reason, moment);
  },
  executed: ignored('it is being stopped'),
  exited: (unit, state, { generation, end }) => {
    const { pid } = state;
    if (state.end !== undefined) return stay('ignore', unit, 'told again');
    if (pid === undefined) return stay('impossible', unit, 'its spawn is answered first');
    const ended = { ...unit, lastEnd: end };
    const tell: Effect = { kind: 'tell', event: { kind: 'exited', generation, pid, end } };
    /* The others were asked to end too, and have the rest of the patience to do so, or are being killed. */
    if (unit.spec.stop.scope === 'tree') return move({ ...ended, state: { ...state, end } }, [tell]);
    return move({ ...ended, state: { ...state, rung: 'kill', end } }, [
      NO_TIMER,
      tell,
      { kind: 'kill', generation },
    ]);
  },
  emptied: (unit, { end, reason }, _event, moment) =>
    end === undefined
      ? stay('impossible', unit, 'the end of the main process is told first')
      : over(unit, reason, moment),
  'stop-due': (unit, state) => {
    if (state.rung === 'kill') return stay('ignore', unit, 'it is being killed');
    const killed: Unit = { ...unit, state: { ...state, rung: 'kill' } };
    /* Without a pid there is nothing to kill yet: `spawned` does. */
    if (state.pid === undefined) return move(killed, [NO_TIMER]);
    const { generation } = state;
    return move(killed, [NO_TIMER, state.end === undefined ? lastRung(unit) : { kind: 'kill', generation }]);
  },
  'time-over': ignored('it is being stopped'),
  'backoff-due': impossible('no backoff ends in this state'),
};
