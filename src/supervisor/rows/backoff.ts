import type { Effect } from '../effect.ts';
import { noted, type Row } from '../row.ts';
import { beStopped } from '../settle.ts';
import { block, goUp, startAnew } from '../spawn.ts';
import { after } from '../step.ts';
import { OVER } from './over.ts';

const NO_TIMER: Effect = { kind: 'cancel-timer', timer: 'backoff' };

/** Down, and to be started again at a certain instant, or by an order before it. */
export const BACKOFF: Row<'backoff'> = {
  ...OVER,
  'order-start': (unit, _state, _event, moment) => after(NO_TIMER, startAnew(unit, moment)),
  'order-stop': (unit, _state, { reason }, moment) =>
    after(NO_TIMER, reason === 'restart' ? startAnew(unit, moment) : beStopped(unit, reason)),
  gate: (unit, state, event) => {
    const { gate } = event;
    if (gate.start.kind !== 'blocked') return noted(unit, state, event);
    return after(NO_TIMER, block({ ...unit, gate }, gate.start.needs));
  },
  'backoff-due': (unit, _state, _event, moment) => goUp(unit, unit.history, moment),
};
