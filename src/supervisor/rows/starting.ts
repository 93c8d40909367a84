import type { Effect } from '../effect.ts';
import { isForgotten } from '../ends.ts';
import { stop } from '../ladder.ts';
import { becomeReady } from '../ready.ts';
import { ignored, impossible, noted, type Row } from '../row.ts';
import { fail, settle } from '../settle.ts';
import { move, stay } from '../step.ts';
import type { UnitSpec } from '../unit.ts';
import { firstEnded, mainEnded, treeEnded } from './live.ts';

const ANSWERED = 'its spawn was answered before';
const UNANSWERED = 'its spawn is answered first';

/** The keeper was asked for a process; from `spawned` on there is one, not yet ready. */
export const STARTING: Row<'starting'> = {
  'order-start': ignored('it is starting'),
  'order-stop': (unit, state, { reason, rival }, moment) => stop(unit, state, reason, moment, rival),
  gate: noted,
  'need-lost': (unit, state, { need }, moment) => stop(unit, state, 'dependency', moment, need),
  spawned: (unit, state, { generation, pid }, moment) => {
    if (state.pid !== undefined) return stay('impossible', unit, ANSWERED);
    const { timeoutMs, readyTimeoutMs } = unit.spec;
    const effects: Effect[] = [{ kind: 'tell', event: { kind: 'starting', generation, pid } }];
    if (timeoutMs !== undefined) {
      const due = { kind: 'time-over', generation } as const;
      effects.push({ kind: 'set-timer', timer: 'time', atMs: moment.atMs + timeoutMs, due });
    }
    if (state.isReady) {
      const ready = becomeReady(unit, pid, state.main, moment);
      /* Its timer was never set. */
      const rest = ready.effects.filter(({ kind }) => kind !== 'cancel-timer');
      return { ...ready, effects: [...effects, ...rest] };
    }
    if (readyTimeoutMs !== undefined) {
      const due = { kind: 'ready-due', generation } as const;
      effects.push({ kind: 'set-timer', timer: 'ready', atMs: moment.atMs + readyTimeoutMs, due });
    }
    return move({ ...unit, state: { ...state, pid } }, effects);
  },
  refused: (unit, { pid }, { end }, moment) => {
    if (pid !== undefined) return stay('impossible', unit, ANSWERED);
    const refused = { ...unit, lastEnd: end };
    return unit.spec.restart.policy === 'never' || isForgotten(end)
      ? fail(refused, 'cannot-spawn', end)
      : settle(refused, end, 0, moment);
  },
  executed: (unit, state, { generation }, moment) => {
    if (state.pid === undefined) return stay('impossible', unit, UNANSWERED);
    if (state.hasExecuted) return stay('ignore', unit, 'told again');
    if (isReadyByExec(unit.spec)) return becomeReady(unit, state.pid, state.main, moment);
    const isProbed = unit.spec.readyBy === 'probe' && unit.spec.type === 'service';
    return move(
      { ...unit, state: { ...state, hasExecuted: true } },
      isProbed ? [{ kind: 'probe', generation, what: 'ready' }] : [],
    );
  },
  exited: (unit, state, { generation, end }, moment) => {
    const { pid } = state;
    if (pid === undefined) return stay('impossible', unit, UNANSWERED);
    /* It has run, only so shortly that its exec was not told of in between. */
    const hasRun = isReadyByExec(unit.spec) && end.kind !== 'not-executed';
    const told: Effect[] = hasRun ? [{ kind: 'tell', event: { kind: 'running', generation, pid } }] : [];
    return firstEnded(unit, state, end, moment, told);
  },
  emptied: (unit, state, _event, moment) => treeEnded(unit, state, moment),
  ready: (unit, state, _event, moment) => {
    if (unit.spec.readyBy !== 'probe' || unit.spec.type === 'oneshot')
      return stay('ignore', unit, 'no probe says when it is ready');
    if (state.pid !== undefined) return becomeReady(unit, state.pid, state.main, moment);
    if (state.isReady) return stay('ignore', unit, 'told again');
    return move({ ...unit, state: { ...state, isReady: true } });
  },
  unhealthy: ignored('it is starting'),
  'main-changed': (unit, state, { pid }, moment) => {
    if (state.pid === undefined) return stay('impossible', unit, UNANSWERED);
    if (unit.spec.readyBy === 'main-process' && unit.spec.type === 'service')
      return becomeReady(unit, pid, 'other', moment);
    return move({ ...unit, state: { ...state, pid, main: 'other' } });
  },
  'main-exited': (unit, state, { end }, moment) => mainEnded(unit, state, end, moment),
  'command-ended': impossible('no stop has begun'),
  'stop-due': impossible('no stop has begun'),
  'time-over': (unit, state, _event, moment) =>
    state.pid === undefined ? stay('impossible', unit, UNANSWERED) : stop(unit, state, 'timed-out', moment),
  'ready-due': (unit, state, _event, moment) =>
    state.pid === undefined ? stay('impossible', unit, UNANSWERED) : stop(unit, state, 'not-ready', moment),
  'backoff-due': impossible('no backoff ends in this state'),
  replaced: impossible('only what is running is replaced'),
};

function isReadyByExec({ type, readyBy }: UnitSpec): boolean {
  return type === 'service' && readyBy === 'exec';
}
