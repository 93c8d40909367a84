import type { UnitEvent } from '../../src/supervisor/event.ts';
import type { End, StopReason } from '../../src/supervisor/state.ts';
import { transition, type Unit } from '../../src/supervisor/transition.ts';
import { DEFAULT_STOP, restartPolicy, type UnitSpec } from '../../src/supervisor/unit.ts';
import {
  BAD,
  daemon,
  emptied,
  executed,
  exited,
  GOOD,
  notExecuted,
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
  'stopping, main ended': [START, spawned(), STOP, exited(BAD)],
  'stopping, to be restarted': [START, spawned(), RESTART],
  backoff: [START, spawned(), executed(), exited(BAD), emptied()],
  failed: [START, spawned(), executed(), exited(BAD), emptied()],
  finished: [START, spawned(), executed(), exited(GOOD), emptied()],
};

const LIMIT = { count: 2, withinMs: 1000 };

/** All units that are in this situation: with every policy of restarts, more or fewer restarts behind them, and ended well or badly. */
export function unitsIn(situation: string): Unit[] {
  const found: Unit[] = [];
  for (const policy of ['never', 'on-failure', 'always'] as const)
    for (const scope of ['main', 'mixed', 'tree'] as const)
      for (const attempt of [0, 1, 2])
        for (const end of [GOOD, BAD]) {
          const restart = { ...restartPolicy(policy), limit: LIMIT };
          const spec = daemon({ restart, stop: { ...DEFAULT_STOP, scope } });
          const unit = unitIn(situation, spec, attempt, end);
          if (unit.state.kind === situation.replace(/,.*/, '')) found.push(unit);
        }
  return found;
}

function unitIn(situation: string, spec: UnitSpec, attempt: number, end: End): Unit {
  const history = { attempt, restarts: attempt, recentAtMs: Array.from({ length: attempt }, () => 0) };
  const story = new Story(spec);
  for (const event of SITUATIONS[situation] ?? []) {
    story.tell(event.kind === 'exited' ? exited(end) : event);
    story.unit = { ...story.unit, history };
  }
  return story.unit;
}

/** The columns: what is told, in all its kinds. */
export const COLUMNS: Readonly<Record<string, readonly UnitEvent[]>> = {
  'order-start': [START],
  'order-stop': [STOP],
  'order-stop (restart)': [RESTART],
  'order-stop (other reasons)': (['shutdown', 'client-gone', 'timed-out'] satisfies StopReason[]).map(
    (reason) => stopFor(reason),
  ),
  'stop-due': [stopDue()],
  'time-over': [{ kind: 'time-over', generation: 1 }],
  'backoff-due': [{ kind: 'backoff-due', generation: 1 }],
  spawned: [spawned()],
  refused: [refused(notExecuted('fork', 'EAGAIN'))],
  executed: [executed()],
  exited: ([GOOD, BAD] satisfies End[]).map((end) => exited(end)),
  emptied: [emptied()],
};

/** What becomes of these units when this is told: states that they move to, or why they do not. */
export function answersTo(units: readonly Unit[], events: readonly UnitEvent[]): string[] {
  const answers = units.flatMap((unit) =>
    events.map((event) => {
      const step = transition(unit, event, { atMs: 0, chance: 0.5, nextGeneration: 2, nextSequence: 1 });
      return step.verdict === 'move' ? step.unit.state.kind : `${step.verdict}: ${step.why ?? ''}`;
    }),
  );
  return [...new Set(answers)].sort();
}
