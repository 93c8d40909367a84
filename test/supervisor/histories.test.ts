import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasFinished } from '../../src/supervisor/ends.ts';
import type { ToldEvent, TimerName } from '../../src/supervisor/effect.ts';
import { OPEN_GATE } from '../../src/supervisor/gate.ts';
import { liveGeneration } from '../../src/supervisor/state.ts';
import { newUnit, transition, type Unit } from '../../src/supervisor/transition.ts';
import { world } from './arbitraries.ts';
import { delayFaults } from './delays.ts';
import { isFrozen } from './frozen.ts';
import type { Entry, World } from './world.ts';

/** More deeds than any history needs to come to rest once nothing new is asked of it. */
const REST = 20;

function always(holds: (world: World) => void): void {
  fc.assert(
    fc.property(world, (made) => {
      holds(made);
    }),
    { numRuns: 400 },
  );
}

function spawns({ step }: Entry): number {
  return step.effects.filter((effect) => effect.kind === 'spawn').length;
}

function isOrderUp({ event }: Entry): boolean {
  return event.kind === 'order-start' || (event.kind === 'order-stop' && event.reason === 'restart');
}

function isOrderDown(entry: Entry): boolean {
  return entry.event.kind === 'order-stop' && !isOrderUp(entry);
}

function told(world: World): ToldEvent[] {
  const effects = world.entries.flatMap(({ step }) => step.effects);
  return effects.flatMap((effect) => (effect.kind === 'tell' ? [effect.event] : []));
}

/** The timers that a unit in this state waits for. */
function timersOf({ state, spec }: Unit): TimerName[] {
  switch (state.kind) {
    case 'starting': {
      if (state.pid === undefined) return [];
      const timers: TimerName[] = [];
      if (spec.timeoutMs !== undefined) timers.push('time');
      if (spec.readyTimeoutMs !== undefined) timers.push('ready');
      return timers;
    }
    case 'running':
      return spec.timeoutMs === undefined ? [] : ['time'];
    case 'stopping':
      return state.rung === 'signal' || state.rung === 'command' ? ['stop'] : [];
    case 'undoing':
      return state.step === 'command' ? ['stop'] : [];
    case 'backoff':
      return ['backoff'];
    case 'clearing':
    case 'stopped':
    case 'waiting':
    case 'blocked':
    case 'failed':
    case 'finished':
      return [];
  }
}

describe('in every history', () => {
  test('there are never two live generations', () => {
    always(({ entries }) => {
      for (const entry of entries.filter((one) => spawns(one) > 0)) {
        expect([spawns(entry), entry.live]).toEqual([1, []]);
        expect(entry.step.unit.generation).toBe(entry.moment.nextGeneration);
      }
    });
  });

  test('nothing that the world can tell is impossible', () => {
    always(({ entries }) => {
      for (const { step } of entries) expect(step).not.toMatchObject({ verdict: 'impossible' });
    });
  });

  test('what is ignored changes nothing and says why', () => {
    always(({ entries }) => {
      for (const { before, step } of entries.filter((entry) => entry.step.verdict === 'ignore')) {
        expect(step.unit).toBe(before);
        expect(step.effects).toEqual([]);
        expect(step.why).toMatch(/^it|nothing|told|the order|what it needs|no probe|another process/);
      }
    });
  });

  test('signals and kills go to the living generation, and only once the keeper has named it', () => {
    always(({ entries }) => {
      for (const { step, before, known } of entries) {
        for (const effect of step.effects) {
          if (effect.kind !== 'signal' && effect.kind !== 'kill') continue;
          expect(effect.generation).toBe(liveGeneration(before.state));
          expect(known).toContain(effect.generation);
        }
      }
    });
  });

  test('after a stop that was asked for nothing is started without an order', () => {
    always((made) => {
      made.settle(made.underWay + REST);
      let mayStart = false;
      for (const entry of made.entries) {
        if (isOrderUp(entry)) mayStart = true;
        if (isOrderDown(entry)) mayStart = false;
        if (spawns(entry) > 0) expect(mayStart).toBe(true);
      }
    });
  });

  test('the wish fits the state, and timers are set just where they are waited for', () => {
    always(({ entries }) => {
      for (const { step, timers } of entries) {
        const { state, desired } = step.unit;
        if (state.kind !== 'stopping' && state.kind !== 'undoing') {
          const isHeld = ['backoff', 'waiting', 'blocked'].includes(state.kind);
          const isDone = state.kind === 'finished' && step.unit.spec.type === 'oneshot';
          const isUp = liveGeneration(state) !== undefined || isHeld || isDone;
          expect(desired).toBe(isUp ? 'up' : 'down');
        }
        expect(timers).toEqual(timersOf(step.unit));
      }
    });
  });

  test('the generation of the state is that of the unit', () => {
    always(({ entries }) => {
      for (const { step } of entries)
        expect([undefined, step.unit.generation]).toContain(liveGeneration(step.unit.state));
    });
  });

  test('others are told a life in its order: it starts, runs, is stopped, ends, and what then', () => {
    const letter = {
      starting: 'S',
      running: 'R',
      stopping: 'P',
      exited: 'E',
      stopped: 'T',
      backoff: 'B',
      failed: 'F',
      finished: 'D',
      waiting: 'W',
    } as const;
    always((made) => {
      made.settle(made.underWay + REST);
      const life = told(made).map((event) => letter[event.kind]);
      /* Of a spawn that was refused, or to which nobody came to before it was stopped, there is no start. */
      expect(life.join('')).toMatch(/^(?:(?:(?:SR?)?P?E|P)?(?:DP|[BFDWT])*)*(?:SR)?$/);
      expect(life.join('')).not.toMatch(/(?<!S)R/);
      const generations = told(made).flatMap((event) => ('generation' in event ? [event.generation] : []));
      expect(generations).toEqual([...generations].sort((a, b) => a - b));
    });
  });

  test('restarts follow the delays of the policy, and its limit', () => {
    always((made) => {
      made.settle(made.underWay + REST);
      expect(delayFaults(made.unit.spec.restart, made.entries)).toEqual([]);
    });
  });

  test('what goes out is frozen to the bottom', () => {
    always(({ entries }) => {
      for (const { step } of entries) expect(isFrozen(step)).toBe(true);
    });
  });

  test('the events replayed give the same states and effects', () => {
    always(({ entries, unit: last }) => {
      let unit = newUnit(last.spec);
      for (const { event, moment, step } of entries) {
        const again = transition(unit, event, moment);
        expect(again).toEqual(step);
        unit = again.unit;
      }
    });
  });
});

describe('every history', () => {
  test('comes to rest once nothing new is asked of it', () => {
    always((made) => {
      made.settle(made.underWay + REST);
      const atRest = ['stopped', 'waiting', 'blocked', 'running', 'failed', 'finished'];
      expect(atRest).toContain(made.unit.state.kind);
    });
  });

  test('ends in a few deeds with nothing left when the unit is stopped', () => {
    always((made) => {
      made.do({ kind: 'stop', reason: 'requested' });
      made.settle(made.underWay + 12);
      expect(made.unit.state).toEqual({ kind: 'stopped' });
    });
  });

  test('ends with the unit up again, or its failure, when it is restarted', () => {
    always((made) => {
      const { generation } = made.unit;
      made.do({ kind: 'gate', gate: OPEN_GATE });
      made.do({ kind: 'stop', reason: 'restart' });
      made.settle(made.underWay + REST);
      expect(made.unit.generation).toBeGreaterThan(generation);
      const { timeoutMs, type } = made.unit.spec;
      if (timeoutMs === undefined)
        expect(made.unit.state.kind).toBe(type === 'oneshot' ? 'finished' : 'running');
    });
  });

  test('comes to what was asked for last', () => {
    always((made) => {
      made.do({ kind: 'gate', gate: OPEN_GATE });
      made.settle(made.underWay + REST);
      const at = made.entries.findLastIndex((entry) => isOrderUp(entry) || isOrderDown(entry));
      const order = made.entries[at];
      const { state } = made.unit;
      if (order === undefined) {
        expect(state).toEqual({ kind: 'stopped' });
      } else if (isOrderDown(order)) {
        expect(['stopped', 'failed', 'finished']).toContain(state.kind);
        if (liveGeneration(order.before.state) !== undefined) expect(state.kind).toBe('stopped');
      } else {
        const { kind } = order.before.state;
        const wasUp = kind === 'starting' || kind === 'running' || hasFinished(order.before);
        const isObeyed = made.entries.slice(at).some((entry) => spawns(entry) > 0);
        expect(isObeyed || (wasUp && order.event.kind === 'order-start')).toBe(true);
      }
    });
  });
});

describe('the histories together', () => {
  test('reach every state, and every cell that moves a unit', () => {
    const reached = new Set<string>();
    for (const made of fc.sample(world, { numRuns: 2000, seed: 20 })) {
      for (const { before, event, step } of made.entries)
        if (step.verdict === 'move') reached.add(`${before.state.kind} ${event.kind}`);
    }
    const main = ['main-changed', 'main-exited'];
    const up = ['order-stop', 'time-over', 'exited', 'emptied', 'gate', 'need-lost', ...main];
    const orders = ['order-start', 'order-stop', 'gate'];
    const process = ['spawned', 'refused', 'exited', 'emptied', ...main];
    const cells = {
      stopped: orders,
      waiting: ['order-stop', 'gate'],
      blocked: ['order-stop', 'gate'],
      failed: orders,
      finished: [...orders, 'need-lost'],
      backoff: [...orders, 'backoff-due'],
      starting: [...up, 'spawned', 'refused', 'executed', 'ready', 'ready-due'],
      running: [...up, 'unhealthy'],
      clearing: [...orders, 'emptied'],
      stopping: [...orders, ...process, 'command-ended', 'stop-due'],
      undoing: [...orders, 'command-ended', 'stop-due'],
    };
    const expected = Object.entries(cells).flatMap(([state, events]) => events.map((e) => `${state} ${e}`));
    expect([...reached].sort()).toEqual(expected.sort());
  });
});
