import { stop } from '../ladder.ts';
import { ignored, impossible, noted, type Row } from '../row.ts';
import { takePlace } from '../replace.ts';
import { move } from '../step.ts';
import { firstEnded, mainEnded, treeEnded } from './live.ts';

/** Its program runs and is ready. */
export const RUNNING: Row<'running'> = {
  'order-start': ignored('it is running'),
  'order-stop': (unit, state, { reason, rival }, moment) => stop(unit, state, reason, moment, rival),
  gate: noted,
  'need-lost': (unit, state, { need }, moment) => stop(unit, state, 'dependency', moment, need),
  spawned: impossible('its spawn was answered before'),
  refused: impossible('its spawn was answered before'),
  executed: ignored('told again'),
  exited: (unit, state, { end }, moment) => firstEnded(unit, state, end, moment),
  emptied: (unit, state, _event, moment) => treeEnded(unit, state, moment),
  ready: ignored('it is running'),
  unhealthy: (unit, state, { cause }, moment) =>
    stop(unit, state, cause === undefined ? 'unhealthy' : 'over-limit', moment),
  'main-changed': (unit, state, { pid }) => move({ ...unit, state: { ...state, pid, main: 'other' } }),
  'main-exited': (unit, state, { end }, moment) => mainEnded(unit, state, end, moment),
  'command-ended': impossible('no stop has begun'),
  'stop-due': impossible('no stop has begun'),
  'time-over': (unit, state, _event, moment) => stop(unit, state, 'timed-out', moment),
  'ready-due': ignored('it is running'),
  'backoff-due': impossible('no backoff ends in this state'),
  replaced: (unit, _state, { by }) => takePlace(unit, by),
};
