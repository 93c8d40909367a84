import type { UnitEvent } from '../../src/supervisor/event.ts';
import type { Gate } from '../../src/supervisor/gate.ts';
import type { End } from '../../src/supervisor/state.ts';
import { transition, type Unit } from '../../src/supervisor/transition.ts';
import { DEFAULT_STOP, restartPolicy, type UnitSpec } from '../../src/supervisor/unit.ts';
import {
  BAD,
  blockedBy,
  commandEnded,
  daemon,
  emptied,
  executed,
  exited,
  gate,
  GOOD,
  HELD,
  mainChanged,
  mainExited,
  NEEDED,
  NEED_LOST,
  notExecuted,
  oneshot,
  OPEN,
  probed,
  ready,
  readyDue,
  refused,
  replaced,
  RESTART,
  spawned,
  START,
  STOP,
  stopDue,
  stopFor,
  Story,
  timeOver,
  unhealthy,
} from './units.ts';

/** What a unit of a situation may be. `forking`: its first process leaves the main one behind. */
type Kind = 'plain' | 'probed' | 'forking' | 'commanded' | 'oneshot';

const KINDS: Readonly<Record<Kind, UnitSpec>> = {
  plain: daemon(),
  probed: probed(),
  forking: daemon({ readyBy: 'main-process', leavesMain: true, readyTimeoutMs: 500 }),
  commanded: daemon({ stopsByCommand: true }),
  oneshot: oneshot(),
};

interface Situation {
  readonly kinds: readonly Kind[];
  readonly events: readonly UnitEvent[];
}

const UP = [START, spawned(), executed()];
const DONE = [...UP, exited(GOOD), emptied()];
const OVER = [...UP, exited(BAD), emptied()];
const SERVICES: readonly Kind[] = ['plain', 'commanded'];

/** The rows of docs/states.org: which units can be so, and how to bring one there. */
export const SITUATIONS: Readonly<Record<string, Situation>> = {
  stopped: { kinds: SERVICES, events: [START, STOP, spawned(), exited(BAD), emptied()] },
  waiting: { kinds: SERVICES, events: [...UP, HELD, NEED_LOST, exited(BAD), emptied()] },
  blocked: { kinds: SERVICES, events: [...UP, blockedBy('db'), NEED_LOST, exited(BAD), emptied()] },
  'starting, without pid': { kinds: SERVICES, events: [START] },
  'starting, ready without pid': { kinds: ['probed'], events: [START, ready()] },
  'starting, with pid': { kinds: SERVICES, events: [START, spawned()] },
  'starting, to be probed': { kinds: ['probed'], events: UP },
  'starting, to leave its main process': { kinds: ['forking'], events: UP },
  'starting, main process awaited': { kinds: ['forking'], events: [...UP, exited(GOOD)] },
  'starting, oneshot': { kinds: ['oneshot'], events: UP },
  running: { kinds: SERVICES, events: UP },
  'running, another main process': { kinds: ['forking'], events: [...UP, mainChanged()] },
  clearing: { kinds: SERVICES, events: [...UP, exited(BAD)] },
  'clearing, and to be started': { kinds: SERVICES, events: [...UP, exited(BAD), START] },
  'stopping, still needed': { kinds: SERVICES, events: [NEEDED, ...UP, STOP] },
  'stopping, without pid': { kinds: SERVICES, events: [START, STOP] },
  'stopping, by command': { kinds: ['commanded'], events: [...UP, STOP] },
  'stopping, signalled': { kinds: SERVICES, events: [START, spawned(), STOP] },
  'stopping, killed': { kinds: SERVICES, events: [START, spawned(), STOP, stopDue()] },
  'stopping, main ended': { kinds: SERVICES, events: [START, spawned(), STOP, exited(BAD)] },
  'stopping, another main process': { kinds: ['forking'], events: [...UP, mainChanged(), STOP] },
  'stopping, to be restarted': { kinds: SERVICES, events: [START, spawned(), RESTART] },
  'stopping, lost what it needs': { kinds: SERVICES, events: [START, spawned(), NEED_LOST] },
  'stopping, not ready in time': { kinds: ['probed'], events: [START, spawned(), readyDue()] },
  'stopping, unhealthy': { kinds: ['probed'], events: [START, spawned(), executed(), ready(), unhealthy()] },
  'undoing, still needed': { kinds: ['oneshot'], events: [NEEDED, ...DONE, STOP] },
  'undoing, by command': { kinds: ['oneshot'], events: [...DONE, STOP] },
  'undoing, killed': { kinds: ['oneshot'], events: [...DONE, STOP, stopDue()] },
  'undoing, to be run again': { kinds: ['oneshot'], events: [...DONE, RESTART] },
  backoff: { kinds: SERVICES, events: OVER },
  failed: { kinds: SERVICES, events: OVER },
  'finished, service': { kinds: SERVICES, events: DONE },
  'finished, oneshot': { kinds: ['oneshot'], events: DONE },
};

const LIMIT = { count: 2, withinMs: 1000 };

/** All units that are in this situation: with every policy of restarts, more or fewer restarts behind them, and ended well or badly. */
export function unitsIn(situation: string): Unit[] {
  const found: Unit[] = [];
  for (const kind of SITUATIONS[situation]?.kinds ?? [])
    for (const policy of ['never', 'on-failure', 'always'] as const)
      for (const scope of ['main', 'mixed', 'tree'] as const)
        for (const attempt of [0, 1, 2])
          for (const end of [GOOD, BAD]) {
            const restart = { ...restartPolicy(policy), limit: LIMIT };
            const spec = { ...KINDS[kind], restart, stop: { ...DEFAULT_STOP, scope } };
            const unit = unitIn(situation, spec, attempt, end);
            if (unit?.state.kind === situation.replace(/,.*/, '')) found.push(unit);
          }
  return found;
}

/** Only where it comes there by telling an end: well or badly, unless the kind says which. */
function unitIn(situation: string, spec: UnitSpec, attempt: number, end: End): Unit | undefined {
  const history = { attempt, restarts: attempt, recentAtMs: Array.from({ length: attempt }, () => 0) };
  const story = new Story(spec);
  const isFree = spec.type === 'service' && !spec.leavesMain;
  for (const event of SITUATIONS[situation]?.events ?? []) {
    story.tell(event.kind === 'exited' && isFree ? exited(end) : event);
    story.unit = { ...story.unit, history };
  }
  return story.unit;
}

type Columns = Readonly<Record<string, readonly UnitEvent[]>>;

const NEEDED_STARTS = [
  { kind: 'open' },
  { kind: 'held' },
  { kind: 'blocked', needs: ['db'] },
] satisfies Gate['start'][];

/** The columns: what is told, in all its kinds; by the tables that they stand in. */
export const TABLES: Readonly<Record<string, Columns>> = {
  orders: {
    'order-start': [START],
    'order-stop': [STOP],
    'order-stop (restart)': [RESTART],
    'order-stop (other reasons)': (
      ['shutdown', 'client-gone', 'timed-out', 'conflict', 'replaced', 'withdrawn'] as const
    ).map((reason) => stopFor(reason)),
  },
  'what the plan tells': {
    'gate: open': [OPEN],
    'gate: held': [HELD],
    'gate: blocked': [blockedBy('cache', 'db')],
    'gate: needed': NEEDED_STARTS.map((start) => gate(start, true)),
    'need-lost': [NEED_LOST],
  },
  'what is told of a process': {
    spawned: [spawned()],
    refused: [refused(notExecuted('fork', 'EAGAIN'))],
    executed: [executed()],
    exited: ([GOOD, BAD] satisfies End[]).map((end) => exited(end)),
    emptied: [emptied()],
  },
  'probes and commands': {
    ready: [ready()],
    unhealthy: [unhealthy()],
    'main-changed': [mainChanged()],
    'main-exited': ([GOOD, BAD] satisfies End[]).map((end) => mainExited(end)),
    'command-ended': [commandEnded(true), commandEnded(false)],
  },
  replacement: {
    'replaced, by one that starts': [replaced(false)],
    'replaced, by one that is ready': [replaced(true)],
  },
  timers: {
    'stop-due': [stopDue()],
    'time-over': [timeOver()],
    'ready-due': [readyDue()],
    'backoff-due': [{ kind: 'backoff-due', generation: 1 }],
  },
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
