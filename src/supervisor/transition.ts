import { NO_RESTARTS } from './backoff.ts';
import { NO_CAUSE, withCauses } from './cause.ts';
import type { Moment, UnitEvent } from './event.ts';
import { freeze } from './freeze.ts';
import { ofProcesses } from './replace.ts';
import { isSameGate, OPEN_GATE } from './gate.ts';
import type { Cell, Row } from './row.ts';
import { BACKOFF } from './rows/backoff.ts';
import { CLEARING } from './rows/clearing.ts';
import { FAILED, FINISHED, STOPPED } from './rows/down.ts';
import { BLOCKED, WAITING } from './rows/held.ts';
import { RUNNING } from './rows/running.ts';
import { STARTING } from './rows/starting.ts';
import { STOPPING } from './rows/stopping.ts';
import { UNDOING } from './rows/undoing.ts';
import type { UnitState } from './state.ts';
import { stay, type Step, type Unit } from './step.ts';
import type { UnitSpec } from './unit.ts';

export type { Step, Unit } from './step.ts';

/** A record over all states and all events: a new one of either does not compile until every cell is filled. */
const TABLE: { readonly [S in UnitState['kind']]: Row<S> } = {
  stopped: STOPPED,
  waiting: WAITING,
  blocked: BLOCKED,
  starting: STARTING,
  running: RUNNING,
  clearing: CLEARING,
  stopping: STOPPING,
  undoing: UNDOING,
  backoff: BACKOFF,
  failed: FAILED,
  finished: FINISHED,
};

/** A unit that was never started. */
export function newUnit(spec: UnitSpec): Unit {
  const state = { kind: 'stopped' } as const;
  return freeze({
    spec,
    desired: 'down',
    gate: OPEN_GATE,
    state,
    generation: 0,
    history: NO_RESTARTS,
    lastEnd: undefined,
    cause: NO_CAUSE,
    waitingCause: undefined,
  });
}

/**
 * One step in the life of a unit. Total and pure: every event has an answer in every state, and what
 * it returns is frozen. What is late by a generation ends here and nowhere else; so do orders to a
 * process that was not started here.
 */
export function transition(unit: Unit, event: UnitEvent, moment: Moment): Step {
  const step = answer(unit, event, moment);
  const told = unit.spec.isBeside === true ? ofProcesses(step) : step;
  return freeze(withCauses(unit, event, told, moment.nextSequence));
}

function answer(unit: Unit, event: UnitEvent, moment: Moment): Step {
  if (!('generation' in event)) {
    if (unit.spec.origin === 'watched') return stay('ignore', unit, 'it is only watched');
  } else if (event.generation < unit.generation) {
    return stay('ignore', unit, 'its generation is over');
  } else if (event.generation > unit.generation) {
    return stay('impossible', unit, 'its generation was never asked for');
  }
  if (event.kind === 'gate' && isSameGate(event.gate, unit.gate))
    return stay('ignore', unit, 'its gate is so');
  const { state } = unit;
  const cell = TABLE[state.kind][event.kind] as Cell<UnitState['kind'], UnitEvent['kind']>;
  return cell(unit, state, event, moment);
}
