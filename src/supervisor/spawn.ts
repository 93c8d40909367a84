import { NO_RESTARTS, type RestartHistory } from './backoff.ts';
import type { Moment } from './event.ts';
import { move, type Step, type Unit } from './step.ts';

/** The next generation. Only where nothing of the one before is left. */
export function spawn(unit: Unit, history: RestartHistory, moment: Moment): Step {
  const generation = moment.nextGeneration;
  const state = { kind: 'starting', generation, pid: undefined } as const;
  return move({ ...unit, desired: 'up', generation, history, state }, [{ kind: 'spawn', generation }]);
}

/** Started because somebody wants it: what went wrong before is forgotten. */
export function startAnew(unit: Unit, moment: Moment): Step {
  return spawn(unit, NO_RESTARTS, moment);
}
