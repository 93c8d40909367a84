import { NO_RESTARTS } from './backoff.ts';
import type { Effect } from './effect.ts';
import { freeze } from './freeze.ts';
import { OPEN_GATE } from './gate.ts';
import type { Running, Starting } from './state.ts';
import { move, type Step, type Unit } from './step.ts';
import type { UnitSpec } from './unit.ts';

/**
 * A unit whose generations replace each other: the new one is started beside the old one, and the old one is stopped when
 * the new one is ready.
 *
 * There are two `Unit`s then, each of which moves by the one table. The unit that everybody knows stays where it is: it
 * has the old generation, its place in the graph, its orders. Beside it stands another one that nobody needs, that is
 * not restarted, and that has the new generation. When that is ready the two exchange what they have: the event `replaced`
 * gives the new generation to the unit, and `retired` says what stands beside it from then on, which is stopped as any unit is.
 */

/** What is known of a generation beside the unit's own: the unit's spec, but what becomes of its end is up to the unit. */
export function besideSpec(spec: UnitSpec): UnitSpec {
  return { ...spec, restart: { ...spec.restart, policy: 'never' }, isBeside: true };
}

/** The step, of which only what becomes of processes is told. */
export function ofProcesses(step: Step): Step {
  const effects = step.effects.filter((effect) => effect.kind !== 'tell' || 'generation' in effect.event);
  return { ...step, effects };
}

/** The generation that the unit has, as what stands beside it once another one has taken its place: it is to be stopped then. */
export function retired({ spec, state, generation, lastEnd, cause }: Unit): Unit {
  return freeze({
    spec: besideSpec(spec),
    desired: 'up',
    gate: OPEN_GATE,
    state,
    generation,
    history: NO_RESTARTS,
    lastEnd,
    cause,
    waitingCause: undefined,
  });
}

/**
 * Whether another generation may still take the place of the unit's own: while that is running, and where it is on its way
 * out by itself. One that is stopped for somebody's sake takes along what was to take its place.
 */
export function mayBeReplaced({ state, desired }: Unit): boolean {
  switch (state.kind) {
    case 'running':
    case 'clearing':
      return true;
    case 'stopping':
      return (state.reason === 'unhealthy' || state.reason === 'over-limit') && desired === 'up';
    case 'stopped':
    case 'waiting':
    case 'blocked':
    case 'starting':
    case 'undoing':
    case 'backoff':
    case 'failed':
    case 'finished':
      return false;
  }
}

/**
 * Whether nothing of the unit's own generation may be known to be gone before nothing of the other one is left either: it
 * is down for others when both are.
 */
export function endsWithBoth({ state, desired }: Unit): boolean {
  return state.kind === 'stopping' && (desired === 'down' || state.reason === 'dependency');
}

/** The other generation becomes the unit's own; as after any start by an order, what went wrong before is forgotten. */
export function takePlace(unit: Unit, by: Starting | Running): Step {
  const { generation, pid } = by;
  const effects: Effect[] = [];
  /* That it runs was told when it became ready: that is what took place of the other. */
  if (by.kind === 'starting' && pid !== undefined)
    effects.push({ kind: 'tell', event: { kind: 'starting', generation, pid } });
  return move({ ...unit, desired: 'up', generation, history: NO_RESTARTS, state: by }, effects);
}
