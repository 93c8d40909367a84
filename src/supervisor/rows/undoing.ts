import type { Effect } from '../effect.ts';
import { desiredAfter, laterReason, whenDown } from '../ladder.ts';
import { ignored, impossible, type Row } from '../row.ts';
import { after, move, stay } from '../step.ts';
import { runUndo } from '../undo.ts';
import { OVER } from './over.ts';

const NO_TIMER: Effect = { kind: 'cancel-timer', timer: 'stop' };

/** A oneshot that is brought down: no process of its own is left, but its stop command may run. */
export const UNDOING: Row<'undoing'> = {
  ...OVER,
  'order-start': (unit) =>
    unit.desired === 'up' ? stay('ignore', unit, 'it will be started') : move({ ...unit, desired: 'up' }),
  'order-stop': (unit, state, event) => {
    const desired = desiredAfter(event.reason);
    const reason = laterReason(state.reason, event.reason);
    if (desired === unit.desired && reason === state.reason)
      return stay('ignore', unit, 'it is being stopped');
    return move({ ...unit, desired, state: { ...state, reason } });
  },
  gate: (unit, state, { gate }, moment) => {
    const told = { ...unit, gate };
    return state.step === 'wait' && !gate.isNeeded ? runUndo(told, state, moment) : move(told);
  },
  'need-lost': ignored('it is being stopped'),
  'command-ended': (unit, { step, reason }, _event, moment) =>
    step === 'wait'
      ? stay('impossible', unit, 'its stop command was not run')
      : after(NO_TIMER, whenDown(unit, reason, undefined, moment)),
  'stop-due': (unit, state, { generation }, moment) => {
    switch (state.step) {
      case 'wait':
        return whenDown(unit, state.reason, undefined, moment);
      case 'command': {
        const effects: Effect[] = [NO_TIMER, { kind: 'kill-command', generation }];
        return move({ ...unit, state: { ...state, step: 'kill' } }, effects);
      }
      case 'kill':
        return stay('ignore', unit, 'it is being killed');
    }
  },
  'backoff-due': impossible('no backoff ends in this state'),
};
