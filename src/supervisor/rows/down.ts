import { ignored, impossible, type Row } from '../row.ts';
import { beStopped } from '../settle.ts';
import { startAnew } from '../spawn.ts';
import { stay } from '../step.ts';
import { OVER } from './over.ts';

/** Never started, or stopped by an order. */
export const STOPPED: Row<'stopped'> = {
  ...OVER,
  'order-start': (unit, _state, _event, moment) => startAnew(unit, moment),
  'order-stop': (unit, _state, event, moment) =>
    event.reason === 'restart' ? startAnew(unit, moment) : stay('ignore', unit, 'it is stopped'),
  'backoff-due': ignored('the order to stop came first'),
};

/**
 * It has settled by itself, well or not. A person's stop says that this has been seen; the supervisor's
 * own reasons to stop it have nothing to stop.
 */
export const SETTLED = {
  ...OVER,
  'order-start': (unit, _state, _event, moment) => startAnew(unit, moment),
  'order-stop': (unit, _state, { reason }, moment) => {
    if (reason === 'restart') return startAnew(unit, moment);
    return reason === 'requested' ? beStopped(unit, reason) : stay('ignore', unit, 'it is down');
  },
  'backoff-due': impossible('no backoff ends in this state'),
} satisfies Row<'failed' | 'finished'>;
