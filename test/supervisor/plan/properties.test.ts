import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delayFaults } from '../delays.ts';
import { faultsOf, isUp, standing, stopsFirst } from './rules.ts';
import { Town, type Citizen, type Line } from './town.ts';
import { citizens, history, type Happening } from './towns.ts';

/** Everything that can be said is said now and then. */
const MIXED = { needs: 45, wants: 15, after: 15, stopsLater: 10, conflicts: 5 };
/** Without what keeps apart. */
const PEACEFUL = { ...MIXED, conflicts: 0 };

function happen(town: Town, one: Happening): void {
  const label = town.labels[('which' in one ? one.which : 0) % town.labels.length] ?? '';
  switch (one.kind) {
    case 'start':
    case 'stop':
    case 'restart':
    case 'sicken':
      town[one.kind](label);
      return;
    case 'shutdown':
      town.shutDown();
      return;
    case 'forget':
      town.forget();
      return;
    case 'end': {
      const ends = town.chances().filter((chance) => chance.what === 'end' && chance.label === label);
      ends[0]?.happen({ kind: 'exited', code: 1 });
      return;
    }
    case 'chance': {
      const chances = town.chances();
      const chance = chances[one.which % Math.max(chances.length, 1)];
      chance?.happen(
        one.isBad ? { kind: 'signalled', signal: 11, core: false } : { kind: 'exited', code: 0 },
      );
    }
  }
}

/** Runs histories of towns; `holds` is told when one is over, `during` after each happening. */
function always(
  of: fc.Arbitrary<Citizen[]>,
  holds: (town: Town) => void,
  during: (town: Town) => void = () => undefined,
): void {
  const property = fc.property(of, history, (all, happenings) => {
    const town = new Town(all);
    for (const one of happenings) {
      happen(town, one);
      during(town);
    }
    holds(town);
  });
  fc.assert(property, { numRuns: 250 });
}

const anyTown = citizens(9, MIXED);

describe('in every history of units that need each other', () => {
  test('nothing starts before what it needs is up, nothing twice, nothing is asked to end before what needs it', () => {
    always(anyTown, (town) => {
      expect(town.lines.flatMap((line) => faultsOf(line, town.specs))).toEqual([]);
    });
  });

  test('nothing is left up that should be down, nor waiting or failed for nothing, whenever all is said', () => {
    always(
      anyTown,
      () => undefined,
      (town) => {
        expect(standing(town)).toEqual([]);
      },
    );
  });

  test('restarts follow the delays of each unit', () => {
    always(anyTown, (town) => {
      for (const [label, { spec }] of town.specs) {
        const own = town.lines.filter((line) => line.label === label);
        const entries = own.map(({ before, event, step, atMs }) => {
          const moment = { atMs, chance: 0.5, nextGeneration: 0, nextSequence: 0 };
          return { before, event, step, moment, live: [], known: [], timers: [] };
        });
        expect(delayFaults(spec.restart, entries), label).toEqual([]);
      }
    });
  });
});

/** When nothing of it was left. */
function goneAt(lines: readonly Line[], label: string): number {
  return lines.findIndex((line) => line.label === label && line.step.unit.state.kind === 'stopped');
}

/** When it was asked to end, or was undone. */
function askedAt(lines: readonly Line[], label: string): number {
  const kinds = ['signal', 'run-command'];
  return lines.findIndex((line) => {
    const isDone = line.step.unit.state.kind === 'stopped';
    return line.label === label && (isDone || line.step.effects.some(({ kind }) => kinds.includes(kind)));
  });
}

describe('every history of units that need each other', () => {
  test('comes to rest, and what is wanted is up then, or says for what it is not', () => {
    always(citizens(9, PEACEFUL), (town) => {
      town.settle(1000);
      expect(standing(town)).toEqual([]);
      for (const [label, { dependencies, spec }] of town.specs) {
        const unit = town.unitOf(label);
        const { kind } = unit.state;
        if (unit.desired === 'down') {
          expect(['stopped', 'failed', 'finished'], label).toContain(kind);
          continue;
        }
        const bad = dependencies.needs.filter((need) => !isUp(town.unitOf(need)));
        if (bad.length === 0) expect(kind, label).toBe(spec.type === 'oneshot' ? 'finished' : 'running');
        else expect(['waiting', 'blocked'], label).toContain(kind);
      }
    });
  });

  test('ends with everything up when everything is started', () => {
    always(citizens(9, PEACEFUL), (town) => {
      town.start(...town.labels);
      town.settle(1000);
      for (const label of town.labels) expect(isUp(town.unitOf(label)), label).toBe(true);
    });
  });

  test('ends with everything down when everything is stopped', () => {
    always(anyTown, (town) => {
      town.shutDown();
      town.settle(1000);
      for (const label of town.labels) {
        const { state, desired, spec } = town.unitOf(label);
        expect(['stopped', 'failed', ...(spec.type === 'service' ? ['finished'] : [])]).toContain(state.kind);
        expect(desired).toBe('down');
      }
      expect(town.lines.flatMap((line) => faultsOf(line, town.specs))).toEqual([]);
    });
  });

  test('ends in the order that is said, where everything is stopped that stands', () => {
    always(citizens(9, PEACEFUL), (town) => {
      town.start(...town.labels);
      town.settle(1000);
      const first = town.lines.length;
      town.shutDown();
      town.settle(1000);
      const lines = town.lines.slice(first);
      for (const one of town.labels)
        for (const other of town.labels)
          if (stopsFirst(town.specs, one, other))
            expect(goneAt(lines, one), `${one} before ${other}`).toBeLessThan(askedAt(lines, other));
    });
  });

  test('goes on the same where the plan is made anew from the units after each step', () => {
    const property = fc.property(anyTown, history, (all, happenings) => {
      const town = new Town(all);
      const other = new Town(all);
      for (const one of happenings) {
        if (one.kind === 'forget') continue;
        happen(town, one);
        happen(other, one);
        const before = other.lines.length;
        other.forget();
        expect(other.lines.length).toBe(before);
      }
      const states = (of: Town): unknown[] => of.labels.map((label) => of.unitOf(label).state);
      expect(states(other)).toEqual(states(town));
    });
    fc.assert(property, { numRuns: 100 });
  });
});
