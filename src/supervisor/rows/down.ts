import { ignored, impossible, noted, type Row } from '../row.ts';
import { beStopped } from '../settle.ts';
import { startAnew } from '../spawn.ts';
import { stay } from '../step.ts';
import { undo } from '../undo.ts';
import { OVER } from './over.ts';

/** Never started, or stopped by an order. */
export const STOPPED: Row<'stopped'> = {
  ...OVER,
  'order-start': (unit, _state, _event, moment) => startAnew(unit, moment),
  'order-stop': (unit, _state, event, moment) =>
    event.reason === 'restart' ? startAnew(unit, moment) : stay('ignore', unit, 'it is stopped'),
  gate: noted,
  'backoff-due': ignored('the order to stop came first'),
};

/**
 * It has settled by itself. A person's stop says that this has been seen; the supervisor's own reasons to stop it have
 * nothing to stop.
 */
export const FAILED: Row<'failed'> = {
  ...OVER,
  'order-start': (unit, _state, _event, moment) => startAnew(unit, moment),
  'order-stop': (unit, _state, { reason }, moment) => {
    if (reason === 'restart') return startAnew(unit, moment);
    return reason === 'requested' ? beStopped(unit, reason) : stay('ignore', unit, 'it is down');
  },
  gate: noted,
  'backoff-due': impossible('no backoff ends in this state'),
};

/** A service that has ended well is as down as one that has not; a oneshot is up, and is brought down in order. */
export const FINISHED: Row<'finished'> = {
  ...OVER,
  'order-start': (unit, _state, _event, moment) =>
    unit.spec.type === 'oneshot' ? stay('ignore', unit, 'it has finished') : startAnew(unit, moment),
  'order-stop': (unit, { end }, { reason, rival }, moment) => {
    if (unit.spec.type === 'oneshot') return undo(unit, end, reason, moment, rival);
    if (reason === 'restart') return startAnew(unit, moment);
    return reason === 'requested' ? beStopped(unit, reason) : stay('ignore', unit, 'it is down');
  },
  gate: noted,
  'need-lost': (unit, { end }, { need }, moment) =>
    unit.spec.type === 'oneshot'
      ? undo(unit, end, 'dependency', moment, need)
      : stay('ignore', unit, 'nothing of it is left'),
  'backoff-due': impossible('no backoff ends in this state'),
};
