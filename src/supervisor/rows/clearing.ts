import { hasFinished } from '../ends.ts';
import { desiredAfter } from '../ladder.ts';
import { ignored, impossible, noted, type Row } from '../row.ts';
import { takePlace } from '../replace.ts';
import { settle } from '../settle.ts';
import { startAnew } from '../spawn.ts';
import { move, stay } from '../step.ts';

/** The main process has ended by itself; what is left of its tree is being killed. */
export const CLEARING: Row<'clearing'> = {
  'order-start': (unit, state) => {
    if (hasFinished(unit)) return stay('ignore', unit, 'it has done what it is for');
    if (state.again) return stay('ignore', unit, 'it will be started');
    return move({ ...unit, state: { ...state, again: true } });
  },
  'order-stop': (unit, { generation, end, ranMs }, { reason }, { atMs }) => {
    const rung = { rung: 'kill', deadlineAtMs: atMs, main: 'first' } as const;
    const state = { kind: 'stopping', generation, pid: undefined, ...rung, end, reason, ranMs } as const;
    return move({ ...unit, desired: desiredAfter(reason), state });
  },
  gate: noted,
  'need-lost': ignored('it has ended'),
  spawned: impossible('its spawn was answered before'),
  refused: impossible('its spawn was answered before'),
  executed: ignored('its end was told before its exec'),
  exited: ignored('told again'),
  emptied: (unit, { again, end, ranMs }, _event, moment) =>
    again ? startAnew(unit, moment) : settle(unit, end, ranMs, moment),
  ready: ignored('it has ended'),
  unhealthy: ignored('it has ended'),
  'main-changed': ignored('it has ended'),
  'main-exited': ignored('told again'),
  'command-ended': impossible('no stop has begun'),
  'stop-due': impossible('no stop has begun'),
  'time-over': ignored('it has ended'),
  'ready-due': ignored('it has ended'),
  'backoff-due': impossible('no backoff ends in this state'),
  replaced: (unit, _state, { by }) => takePlace(unit, by),
};
