import { clear } from '../clear.ts';
import { stop } from '../ladder.ts';
import { ignored, impossible, type Row } from '../row.ts';

/** Its program runs and is ready. */
export const RUNNING: Row<'running'> = {
  'order-start': ignored('it is running'),
  'order-stop': (unit, { pid }, { reason }, moment) => stop(unit, pid, reason, moment),
  spawned: impossible('its spawn was answered before'),
  refused: impossible('its spawn was answered before'),
  executed: ignored('told again'),
  exited: (unit, { pid, readyAtMs }, { generation, end }, { atMs }) =>
    clear(unit, end, atMs - readyAtMs, [{ kind: 'tell', event: { kind: 'exited', generation, pid, end } }]),
  emptied: impossible('the end of the main process is told first'),
  'stop-due': impossible('no stop has begun'),
  'time-over': (unit, { pid }, _event, moment) => stop(unit, pid, 'timed-out', moment),
  'backoff-due': impossible('no backoff ends in this state'),
};
