import { clear } from '../clear.ts';
import type { Effect } from '../effect.ts';
import { stop } from '../ladder.ts';
import { ignored, impossible, type Row } from '../row.ts';
import { fail, settle } from '../settle.ts';
import { move, stay } from '../step.ts';

const ANSWERED = 'its spawn was answered before';
const UNANSWERED = 'its spawn is answered first';

/** The keeper was asked for a process; from `spawned` on there is one, not yet at its program. */
export const STARTING: Row<'starting'> = {
  'order-start': ignored('it is starting'),
  'order-stop': (unit, { pid }, { reason }, moment) => stop(unit, pid, reason, moment),
  spawned: (unit, state, { generation, pid }, { atMs }) => {
    if (state.pid !== undefined) return stay('impossible', unit, ANSWERED);
    const effects: Effect[] = [{ kind: 'tell', event: { kind: 'starting', generation, pid } }];
    const { timeoutMs } = unit.spec;
    if (timeoutMs !== undefined) {
      const due = { kind: 'time-over', generation } as const;
      effects.push({ kind: 'set-timer', timer: 'time', atMs: atMs + timeoutMs, due });
    }
    return move({ ...unit, state: { ...state, pid } }, effects);
  },
  refused: (unit, { pid }, { end }, moment) => {
    if (pid !== undefined) return stay('impossible', unit, ANSWERED);
    const refused = { ...unit, lastEnd: end };
    return unit.spec.restart.policy === 'never'
      ? fail(refused, 'cannot-spawn', end)
      : settle(refused, end, 0, moment);
  },
  executed: (unit, { pid }, { generation }, { atMs }) => {
    if (pid === undefined) return stay('impossible', unit, UNANSWERED);
    return move({ ...unit, state: { kind: 'running', generation, pid, readyAtMs: atMs } }, [
      { kind: 'tell', event: { kind: 'running', generation, pid } },
    ]);
  },
  exited: (unit, { pid }, { generation, end }) => {
    if (pid === undefined) return stay('impossible', unit, UNANSWERED);
    const told: Effect[] = [{ kind: 'tell', event: { kind: 'exited', generation, pid, end } }];
    /* It has run, only so shortly that its exec was not told of in between. */
    if (end.kind !== 'not-executed')
      told.unshift({ kind: 'tell', event: { kind: 'running', generation, pid } });
    return clear(unit, end, 0, told);
  },
  emptied: impossible('the end of the main process is told first'),
  'stop-due': impossible('no stop has begun'),
  'time-over': (unit, { pid }, _event, moment) =>
    pid === undefined ? stay('impossible', unit, UNANSWERED) : stop(unit, pid, 'timed-out', moment),
  'backoff-due': impossible('no backoff ends in this state'),
};
