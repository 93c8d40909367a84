import { NO_RESTARTS, type RestartHistory } from './backoff.ts';
import type { Moment } from './event.ts';
import type { FailedNeeds } from './gate.ts';
import { move, type Step, type Unit } from './step.ts';

/**
 * Up, as far as the gate lets it: the next generation, or waiting for it. The one place where a spawn is asked for,
 * and only where nothing of the generation before is left.
 */
export function goUp(unit: Unit, history: RestartHistory, moment: Moment): Step {
  const { start } = unit.gate;
  switch (start.kind) {
    case 'open':
      return spawn(unit, history, moment);
    case 'held':
      return wait({ ...unit, history });
    case 'blocked':
      return block({ ...unit, history }, start.needs);
  }
}

/** Up because somebody wants it: what went wrong before is forgotten. */
export function startAnew(unit: Unit, moment: Moment): Step {
  return goUp(unit, NO_RESTARTS, moment);
}

function spawn(unit: Unit, history: RestartHistory, moment: Moment): Step {
  const generation = moment.nextGeneration;
  const state = {
    kind: 'starting',
    generation,
    pid: undefined,
    hasExecuted: false,
    isReady: false,
    main: 'first',
  } as const;
  return move({ ...unit, desired: 'up', generation, history, state }, [{ kind: 'spawn', generation }]);
}

function wait(unit: Unit): Step {
  return move({ ...unit, desired: 'up', state: { kind: 'waiting' } }, [
    { kind: 'tell', event: { kind: 'waiting' } },
  ]);
}

/** `failed` for the sake of what it needs, until that is running. */
export function block(unit: Unit, needs: FailedNeeds): Step {
  return move({ ...unit, desired: 'up', state: { kind: 'blocked', needs } }, [
    { kind: 'tell', event: { kind: 'failed', reason: 'dependency', end: undefined, needs } },
  ]);
}
