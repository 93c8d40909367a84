import { nextRestart, NO_RESTARTS, type RestartHistory } from './backoff.ts';
import type { Effect } from './effect.ts';
import type { Moment, UnitEvent } from './event.ts';
import { liveGeneration, type End, type StopReason, type UnitState } from './state.ts';
import type { UnitSpec } from './unit.ts';

/** A unit: what it is, what is wanted of it, and where it stands. Frozen. */
export interface Unit {
  readonly spec: UnitSpec;
  readonly desired: 'up' | 'down';
  readonly state: UnitState;
  readonly history: RestartHistory;
  /** How its last process ended. */
  readonly lastEnd: End | undefined;
}

/** A step's outcome. `verdict` says what became of the event: `impossible` is a broken invariant. */
export interface Step {
  readonly verdict: 'move' | 'ignore' | 'impossible';
  readonly why?: string;
  readonly unit: Unit;
  readonly effects: readonly Effect[];
}

/** A unit that was never started. */
export function newUnit(spec: UnitSpec): Unit {
  return { spec, desired: 'down', state: { kind: 'stopped' }, history: NO_RESTARTS, lastEnd: undefined };
}

/**
 * One step in the life of a unit. Total and pure: every event has an answer in every state. Late
 * events of an earlier generation end here and nowhere else.
 */
export function transition(unit: Unit, event: UnitEvent, moment: Moment): Step {
  if ('generation' in event && event.generation !== liveGeneration(unit.state)) {
    return ignore(unit, `generation ${String(event.generation)} is over`);
  }
  const row: Row<UnitState> = TABLE[unit.state.kind] as Row<UnitState>;
  const cell = row[event.kind] as Cell<UnitState, UnitEvent>;
  return cell(unit, unit.state, event, moment);
}

type Cell<S extends UnitState, E extends UnitEvent> = (
  unit: Unit,
  state: S,
  event: E,
  moment: Moment,
) => Step;
type Row<S extends UnitState> = {
  readonly [K in UnitEvent['kind']]: Cell<S, Extract<UnitEvent, { kind: K }>>;
};
/** A record over all states and all events: a new one of either does not compile until every cell is filled. */
type Table = { readonly [K in UnitState['kind']]: Row<Extract<UnitState, { kind: K }>> };

function move(unit: Unit, effects: readonly Effect[] = []): Step {
  return { verdict: 'move', unit, effects };
}

function ignore(unit: Unit, why: string): Step {
  return { verdict: 'ignore', why, unit, effects: [] };
}

const impossible =
  (why: string) =>
  (unit: Unit): Step => ({ verdict: 'impossible', why, unit, effects: [] });

const ignored =
  (why: string) =>
  (unit: Unit): Step =>
    ignore(unit, why);

function spawn(unit: Unit, moment: Moment, history: RestartHistory): Step {
  const generation = moment.nextGeneration;
  return move({ ...unit, desired: 'up', history, state: { kind: 'starting', generation, pid: undefined } }, [
    { kind: 'spawn', generation },
  ]);
}

function startAnew(unit: Unit, _state: UnitState, _event: unknown, moment: Moment): Step {
  return spawn(unit, moment, NO_RESTARTS);
}

/** The first rung of the stop ladder: the signal, and time to follow it. */
function stop(
  unit: Unit,
  generation: number,
  pid: number | undefined,
  reason: StopReason,
  moment: Moment,
): Step {
  const { signal, timeoutMs, scope } = unit.spec.stop;
  const deadlineAtMs = moment.atMs + timeoutMs;
  const state: UnitState = {
    kind: 'stopping',
    generation,
    pid,
    rung: 'signal',
    deadlineAtMs,
    end: undefined,
    reason,
  };
  const effects: Effect[] = [
    { kind: 'cancel-timer', timer: 'time' },
    { kind: 'tell', event: { kind: 'stopping', generation, reason } },
    { kind: 'set-timer', timer: 'stop', atMs: deadlineAtMs },
  ];
  if (pid !== undefined) effects.push(askToEnd(generation, signal, scope));
  return move({ ...unit, desired: desiredAfter(reason), state }, effects);
}

function askToEnd(generation: number, signal: number, scope: 'main' | 'mixed' | 'tree'): Effect {
  return { kind: 'signal', generation, signal, scope: scope === 'tree' ? 'tree' : 'main' };
}

function desiredAfter(reason: StopReason): 'up' | 'down' {
  return reason === 'restart' ? 'up' : 'down';
}

function tellExited(generation: number, pid: number | undefined, end: End): Effect {
  return { kind: 'tell', event: { kind: 'exited', generation, pid, end } };
}

/** The main process has ended by itself: what it left behind is killed before anything else happens. */
function clear(unit: Unit, generation: number, end: End, ranMs: number, effects: readonly Effect[]): Step {
  return move({ ...unit, lastEnd: end, state: { kind: 'clearing', generation, end, ranMs, again: false } }, [
    { kind: 'cancel-timer', timer: 'time' },
    ...effects,
    { kind: 'kill', generation },
  ]);
}

/** Nothing can run it: trying again would only fail again. */
function hopeless(end: End): boolean {
  return (
    end.kind === 'not-executed' && end.stage === 'exec' && ['ENOENT', 'EACCES', 'ENOEXEC'].includes(end.code)
  );
}

function succeeded(end: End): boolean {
  return end.kind === 'exited' && end.code === 0;
}

/** Down, with nothing left of the tree, and not because it was asked to: what now? */
function settle(unit: Unit, end: End, ranMs: number, moment: Moment): Step {
  const { restart } = unit.spec;
  const again = restart.policy === 'always' || (restart.policy === 'on-failure' && !succeeded(end));
  if (hopeless(end)) return fail(unit, 'cannot-execute', end);
  if (!again) return succeeded(end) ? finish(unit, end) : fail(unit, 'exit', end);
  const next = nextRestart(restart, unit.history, ranMs, moment.atMs, moment.chance);
  if (next.kind === 'give-up') return fail(unit, 'restart-limit', end);
  if (next.delayMs === 0) return spawn(unit, moment, next.history);
  const untilAtMs = moment.atMs + next.delayMs;
  return move({ ...unit, history: next.history, state: { kind: 'backoff', untilAtMs, end } }, [
    { kind: 'tell', event: { kind: 'backoff', delayMs: next.delayMs, attempt: next.history.attempt } },
    { kind: 'set-timer', timer: 'backoff', atMs: untilAtMs },
  ]);
}

function finish(unit: Unit, end: End): Step {
  return move({ ...unit, desired: 'down', state: { kind: 'finished', end } }, [
    { kind: 'tell', event: { kind: 'finished', end } },
  ]);
}

function fail(
  unit: Unit,
  reason: 'exit' | 'cannot-execute' | 'cannot-spawn' | 'restart-limit',
  end: End,
): Step {
  return move({ ...unit, desired: 'down', lastEnd: end, state: { kind: 'failed', reason, end } }, [
    { kind: 'tell', event: { kind: 'failed', reason, end } },
  ]);
}

function beStopped(unit: Unit, reason: string): Step {
  return move({ ...unit, desired: 'down', state: { kind: 'stopped' } }, [
    { kind: 'cancel-timer', timer: 'stop' },
    { kind: 'tell', event: { kind: 'stopped', reason } },
  ]);
}

const DOWN_HAS_NO_PROCESS = 'a unit that is down has no process';
const down = {
  spawned: impossible(DOWN_HAS_NO_PROCESS),
  refused: impossible(DOWN_HAS_NO_PROCESS),
  executed: impossible(DOWN_HAS_NO_PROCESS),
  exited: impossible(DOWN_HAS_NO_PROCESS),
  emptied: impossible(DOWN_HAS_NO_PROCESS),
  'stop-due': impossible(DOWN_HAS_NO_PROCESS),
  'time-over': impossible(DOWN_HAS_NO_PROCESS),
} as const;

const TABLE: Table = {
  stopped: {
    ...down,
    'order-start': startAnew,
    'order-stop': ignored('it is stopped'),
    'backoff-due': ignored('the order to stop came before it'),
  },
  failed: {
    ...down,
    'order-start': startAnew,
    'order-stop': (unit) => beStopped(unit, 'requested'),
    'backoff-due': ignored('it was given up'),
  },
  finished: {
    ...down,
    'order-start': startAnew,
    'order-stop': (unit) => beStopped(unit, 'requested'),
    'backoff-due': ignored('it has finished'),
  },
  backoff: {
    ...down,
    'order-start': (unit, _state, _event, moment) => {
      const step = spawn(unit, moment, NO_RESTARTS);
      return { ...step, effects: [{ kind: 'cancel-timer', timer: 'backoff' }, ...step.effects] };
    },
    'order-stop': (unit, _state, event, moment) => {
      if (event.reason === 'restart') return spawn(unit, moment, NO_RESTARTS);
      const step = beStopped(unit, event.reason);
      return { ...step, effects: [{ kind: 'cancel-timer', timer: 'backoff' }, ...step.effects] };
    },
    'backoff-due': (unit, _state, _event, moment) => spawn(unit, moment, unit.history),
  },
  starting: {
    'order-start': ignored('it is starting'),
    'order-stop': (unit, state, event, moment) =>
      stop(unit, state.generation, state.pid, event.reason, moment),
    spawned: (unit, state, event, moment) => {
      const { generation, pid } = event;
      const effects: Effect[] = [{ kind: 'tell', event: { kind: 'starting', generation, pid } }];
      const { timeoutMs } = unit.spec;
      if (timeoutMs !== undefined)
        effects.push({ kind: 'set-timer', timer: 'time', atMs: moment.atMs + timeoutMs });
      return move({ ...unit, state: { ...state, pid } }, effects);
    },
    refused: (unit, _state, event, moment) => {
      const failed: Unit = { ...unit, lastEnd: event.end };
      return unit.spec.restart.policy === 'never'
        ? fail(failed, 'cannot-spawn', event.end)
        : settle(failed, event.end, 0, moment);
    },
    executed: (unit, state, event, moment) => {
      const { generation } = event;
      const { pid } = state;
      if (pid === undefined) return impossible('exec is told after the process')(unit);
      return move({ ...unit, state: { kind: 'running', generation, pid, readyAtMs: moment.atMs } }, [
        { kind: 'tell', event: { kind: 'running', generation, pid } },
      ]);
    },
    exited: (unit, state, event) => {
      const { generation, end } = event;
      const { pid } = state;
      /* It has run, only so shortly that its exec was not told of in between. */
      const ran: Effect[] =
        end.kind === 'not-executed' || pid === undefined
          ? []
          : [{ kind: 'tell', event: { kind: 'running', generation, pid } }];
      return clear(unit, generation, end, 0, [...ran, tellExited(generation, pid, end)]);
    },
    emptied: impossible('the end of the main process is told before'),
    'stop-due': ignored('it was set for an earlier stop'),
    'time-over': (unit, state, _event, moment) =>
      stop(unit, state.generation, state.pid, 'timed-out', moment),
    'backoff-due': ignored('it was started by an order'),
  },
  running: {
    'order-start': ignored('it is running'),
    'order-stop': (unit, state, event, moment) =>
      stop(unit, state.generation, state.pid, event.reason, moment),
    spawned: impossible('it was spawned before'),
    refused: impossible('it was spawned before'),
    executed: ignored('told again'),
    exited: (unit, state, event, moment) =>
      clear(unit, state.generation, event.end, moment.atMs - state.readyAtMs, [
        tellExited(state.generation, state.pid, event.end),
      ]),
    emptied: impossible('the end of the main process is told before'),
    'stop-due': ignored('it was set for an earlier stop'),
    'time-over': (unit, state, _event, moment) =>
      stop(unit, state.generation, state.pid, 'timed-out', moment),
    'backoff-due': ignored('it runs'),
  },
  clearing: {
    'order-start': (unit, state) => move({ ...unit, desired: 'up', state: { ...state, again: true } }),
    'order-stop': (unit, state, event, moment) =>
      move({
        ...unit,
        desired: desiredAfter(event.reason),
        state: {
          kind: 'stopping',
          generation: state.generation,
          pid: undefined,
          rung: 'kill',
          deadlineAtMs: moment.atMs,
          end: state.end,
          reason: event.reason,
        },
      }),
    spawned: impossible('it was spawned before'),
    refused: impossible('it was spawned before'),
    executed: ignored('its end was told before its exec'),
    exited: ignored('told again'),
    emptied: (unit, state, _event, moment) =>
      state.again ? spawn(unit, moment, NO_RESTARTS) : settle(unit, state.end, state.ranMs, moment),
    'stop-due': ignored('it was set for an earlier stop'),
    'time-over': ignored('it has ended'),
    'backoff-due': ignored('it is not down yet'),
  },
  stopping: {
    'order-start': (unit) => move({ ...unit, desired: 'up' }),
    'order-stop': (unit, state, event) =>
      move({ ...unit, desired: desiredAfter(event.reason), state: { ...state, reason: event.reason } }),
    spawned: (unit, state, event) => {
      const { signal, scope } = unit.spec.stop;
      return move({ ...unit, state: { ...state, pid: event.pid } }, [
        { kind: 'tell', event: { kind: 'starting', generation: event.generation, pid: event.pid } },
        askToEnd(event.generation, signal, scope),
      ]);
    },
    refused: (unit, state, _event, moment) =>
      unit.desired === 'up' ? spawn(unit, moment, NO_RESTARTS) : beStopped(unit, state.reason),
    executed: ignored('it is being stopped'),
    exited: (unit, state, event) =>
      state.end !== undefined
        ? ignore(unit, 'told again')
        : move({ ...unit, lastEnd: event.end, state: { ...state, rung: 'kill', end: event.end } }, [
            { kind: 'cancel-timer', timer: 'stop' },
            tellExited(state.generation, state.pid, event.end),
            { kind: 'kill', generation: state.generation },
          ]),
    emptied: (unit, state, _event, moment) => {
      if (unit.desired === 'up') return spawn(unit, moment, NO_RESTARTS);
      return beStopped(unit, state.reason);
    },
    'stop-due': (unit, state) =>
      state.rung === 'kill'
        ? ignore(unit, 'the tree is being killed')
        : move({ ...unit, state: { ...state, rung: 'kill' } }, [
            { kind: 'kill', generation: state.generation },
          ]),
    'time-over': ignored('it is being stopped'),
    'backoff-due': ignored('it is not down yet'),
  },
};
