import type { UnitEvent } from '../../src/supervisor/event.ts';
import type { End, StopReason } from '../../src/supervisor/state.ts';
import type { Unit } from '../../src/supervisor/transition.ts';
import { restartPolicy, type UnitSpec } from '../../src/supervisor/unit.ts';
import {
  BAD,
  daemon,
  emptied,
  executed,
  exited,
  GOOD,
  refused,
  RESTART,
  spawned,
  START,
  STOP,
  stopDue,
  stopFor,
  Story,
} from './units.ts';

/** The rows of docs/states.org: how to bring a unit there. */
export const SITUATIONS: Readonly<Record<string, readonly UnitEvent[]>> = {
  stopped: [START, STOP, spawned(), exited(BAD), emptied()],
  'starting, without pid': [START],
  'starting, with pid': [START, spawned()],
  running: [START, spawned(), executed()],
  clearing: [START, spawned(), executed(), exited(BAD)],
  'clearing, and to be started': [START, spawned(), executed(), exited(BAD), START],
  'stopping, without pid': [START, STOP],
  'stopping, signalled': [START, spawned(), STOP],
  'stopping, killed': [START, spawned(), STOP, stopDue()],
  'stopping, main ended': [START, spawned(), STOP, stopDue(), exited(BAD)],
  'stopping, to be restarted': [START, spawned(), RESTART],
  backoff: [START, spawned(), executed(), exited(BAD), emptied()],
  failed: [START, spawned(), executed(), exited(BAD), emptied()],
  finished: [START, spawned(), executed(), exited(GOOD), emptied()],
};

type Policy = UnitSpec['restart']['policy'];

/** Specs and pasts under which a situation may have more than one answer. */
const POLICIES: readonly Policy[] = ['never', 'on-failure', 'always'];
const PASTS = [0, 1, 2];
const ONCE = { count: 2, withinMs: 1000 };

/** All units that are in this situation: with every policy of restarts, and fewer or more restarts behind them. */
export function unitsIn(situation: string): Unit[] {
  return POLICIES.flatMap((policy) => PASTS.flatMap((attempt) => unitIn(situation, policy, attempt)));
}

function unitIn(situation: string, policy: Policy, attempt: number): Unit[] {
  const events = SITUATIONS[situation] ?? [];
  const story = new Story(daemon({ restart: { ...restartPolicy(policy), limit: ONCE } }));
  const recentAtMs = Array.from({ length: attempt }, () => 0);
  for (const event of events) {
    story.tell(event);
    const history = { attempt, restarts: attempt, recentAtMs };
    story.unit = { ...story.unit, history };
  }
  return story.state.kind === situation.replace(/,.*/, '') ? [story.unit] : [];
}

/** The columns: what is told, in all its kinds. */
export const COLUMNS: Readonly<Record<string, readonly UnitEvent[]>> = {
  'order-start': [START],
  'order-stop': [STOP],
  'order-stop (restart)': [RESTART],
  'order-stop (other reasons)': (['shutdown', 'client-gone', 'timed-out'] satisfies StopReason[]).map(
    stopFor,
  ),
  'stop-due': [stopDue()],
  'time-over': [{ kind: 'time-over', generation: 1 }],
  'backoff-due': [{ kind: 'backoff-due', generation: 1 }],
  spawned: [spawned()],
  refused: [refused(BAD)],
  executed: [executed()],
  exited: ([GOOD, BAD] satisfies End[]).map((end) => exited(end)),
  emptied: [emptied()],
};
