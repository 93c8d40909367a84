import fc from 'fast-check';
import type { Dependencies } from '../../../src/supervisor/graph/dependencies.ts';
import { orderCycles } from '../../../src/supervisor/graph/order.ts';
import { restartPolicy, unitSpec, type UnitSpec } from '../../../src/supervisor/unit.ts';
import type { Citizen } from './town.ts';

/** What happens to a town: an order, something by itself, or that the supervisor dies. */
export type Happening =
  | { readonly kind: 'start' | 'stop' | 'restart' | 'sicken' | 'end'; readonly which: number }
  | { readonly kind: 'chance'; readonly which: number; readonly isBad: boolean }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'forget' };

const KINDS: readonly Partial<UnitSpec>[] = [
  {},
  { restart: restartPolicy('always') },
  { readyBy: 'probe', readyTimeoutMs: 500, hasHealth: true },
  { restart: restartPolicy('never') },
  { restart: { ...restartPolicy('on-failure'), limit: { count: 2, withinMs: 60_000 } } },
  { type: 'oneshot' },
  { type: 'oneshot', isUndone: true },
  { stopsByCommand: true },
];

/** Chances of one unit to say something of an earlier one. */
interface Words {
  readonly needs: number;
  readonly wants: number;
  readonly after: number;
  readonly stopsLater: number;
  readonly conflicts: number;
}

/** Units that speak of earlier ones only, so that there is no cycle in the start; in the stop where one would be, nobody says anything of it. */
export function citizens(count: number, words: Words): fc.Arbitrary<Citizen[]> {
  const one = fc.record({
    kind: fc.nat({ max: KINDS.length - 1 }),
    says: fc.array(fc.record({ of: fc.nat(), percent: fc.nat({ max: 99 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
  });
  return fc.array(one, { minLength: 2, maxLength: count, size: 'max' }).map((all) => {
    const made = all.map(({ kind, says }, at): Citizen => {
      const label = `u${at}`;
      const own = { ...NOTHING };
      const spoken = new Set<string>();
      if (at > 0)
        for (const { of, percent } of says) {
          const other = `u${of % at}`;
          if (spoken.has(other)) continue;
          spoken.add(other);
          const key = keyFor(percent, words);
          if (key !== undefined) own[key] = [...own[key], other];
        }
      const spec = unitSpec({
        label,
        origin: 'config',
        restart: restartPolicy('on-failure'),
        ...KINDS[kind],
      });
      return { label, spec, dependencies: own };
    });
    return orderCycles(made).length === 0 ? made : made.map(silent);
  });
}

function silent(one: Citizen): Citizen {
  return { ...one, dependencies: { ...one.dependencies, stopAfter: [] } };
}

const NOTHING: Record<keyof Dependencies, string[]> = {
  needs: [],
  wants: [],
  after: [],
  before: [],
  stopAfter: [],
  stopBefore: [],
  conflicts: [],
};

function keyFor(percent: number, words: Words): keyof Dependencies | undefined {
  const keys = [
    ['needs', words.needs],
    ['wants', words.wants],
    ['after', words.after],
    ['stopAfter', words.stopsLater],
    ['conflicts', words.conflicts],
  ] as const;
  let left = percent;
  for (const [key, share] of keys) {
    if (left < share) return key;
    left -= share;
  }
  return undefined;
}

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({ kind: fc.constant('chance' as const), which: fc.nat(), isBad: fc.boolean() }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('start' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('stop' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('restart' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('sicken' as const, 'end' as const), which: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'forget' }) },
);

/** What happens to a town, one after the other. */
export const history: fc.Arbitrary<Happening[]> = fc.array(happening, {
  minLength: 10,
  maxLength: 150,
  size: 'max',
});
