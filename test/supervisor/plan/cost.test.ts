import { describe, expect, test } from 'vitest';
import { NO_CAUSE } from '../../../src/supervisor/cause.ts';
import { NO_DEPENDENCIES, type Depending } from '../../../src/supervisor/graph/dependencies.ts';
import { buildGraph } from '../../../src/supervisor/graph/graph.ts';
import { Plan } from '../../../src/supervisor/plan/plan.ts';
import { newUnit, transition, type Unit } from '../../../src/supervisor/transition.ts';
import { unitSpec } from '../../../src/supervisor/unit.ts';

const MANY = 2000;

/** Units over a plan, and how often these were looked at and told something. */
class Counted {
  looks = 0;
  steps = 0;
  readonly #units: Map<string, Unit>;
  readonly #plan: Plan;
  #generation = 0;

  constructor(units: readonly Depending[]) {
    this.#units = new Map(
      units.map(({ label }) => [label, newUnit(unitSpec({ label, origin: 'config' }))] as const),
    );
    this.#plan = new Plan(buildGraph(units), {
      unit: (label) => {
        this.looks += 1;
        return this.at(label);
      },
      step: (label, event) => {
        this.steps += 1;
        const step = transition(this.at(label), event, {
          atMs: 0,
          chance: 0.5,
          nextGeneration: this.#generation + 1,
          nextSequence: 1,
        });
        this.#generation += step.effects.filter(({ kind }) => kind === 'spawn').length;
        this.#units.set(label, step.unit);
      },
    });
  }

  at(label: string): Unit {
    const unit = this.#units.get(label);
    if (unit === undefined) throw new Error(label);
    return unit;
  }

  /** It starts and runs, or ends with nothing left; returns how often units were looked at or told. */
  run(label: string): number {
    const before = this.looks + this.steps;
    this.#plan.tell([{ label, event: { kind: 'order-start', cause: NO_CAUSE } }]);
    const { generation } = this.at(label);
    this.#plan.tell([{ label, event: { kind: 'spawned', generation, pid: 1 } }]);
    this.#plan.tell([{ label, event: { kind: 'executed', generation } }]);
    return this.looks + this.steps - before;
  }

  start(labels: readonly string[]): number {
    const before = this.looks + this.steps;
    this.#plan.tell(labels.map((label) => ({ label, event: { kind: 'order-start', cause: NO_CAUSE } })));
    return this.looks + this.steps - before;
  }
}

const label = (at: number): string => `u${at}`;

function chain(count: number): Depending[] {
  return Array.from({ length: count }, (_, at) => ({
    label: label(at),
    dependencies: { ...NO_DEPENDENCIES, needs: at === 0 ? [] : [label(at - 1)] },
  }));
}

describe('an event', () => {
  test('costs the same in a graph of two and of two thousand', () => {
    const costs = [2, MANY].map((count) => {
      const apart = Array.from({ length: count }, (_, at) => ({
        label: label(at),
        dependencies: NO_DEPENDENCIES,
      }));
      return new Counted(apart).run(label(1));
    });
    expect(costs[0]).toBe(costs[1]);
  });

  test('costs no more than its neighbours in a chain', () => {
    const counted = new Counted(chain(MANY));
    counted.start(Array.from({ length: MANY }, (_, at) => label(at)));
    const costs = Array.from({ length: MANY }, (_, at) => counted.run(label(at)));
    expect(Math.max(...costs)).toBeLessThan(60);
    expect(counted.at(label(MANY - 1)).state.kind).toBe('running');
  });
});

describe('what everybody needs', () => {
  test('costs each of them a constant when one after the other comes up', () => {
    const star = chain(1).concat(
      Array.from({ length: MANY }, (_, at) => ({
        label: label(at + 1),
        dependencies: { ...NO_DEPENDENCIES, needs: [label(0)] },
      })),
    );
    const counted = new Counted(star);
    counted.run(label(0));
    const costs = Array.from({ length: MANY }, (_, at) => counted.run(label(at + 1)));
    expect(Math.max(...costs)).toBeLessThan(60);
  });

  test('costs each of them a constant when they all wait for it', () => {
    const counted = new Counted(
      chain(1).concat(
        chain(MANY)
          .slice(1)
          .map((one) => ({
            ...one,
            dependencies: { ...NO_DEPENDENCIES, needs: [label(0)] },
          })),
      ),
    );
    expect(counted.start(Array.from({ length: MANY }, (_, at) => label(at)))).toBeLessThan(20 * MANY);
  });
});
