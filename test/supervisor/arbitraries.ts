import fc from 'fast-check';
import type { End, StopReason } from '../../src/supervisor/state.ts';
import type { UnitSpec } from '../../src/supervisor/unit.ts';
import { World, type Deed } from './world.ts';
import { notExecuted } from './units.ts';

const REASONS: readonly StopReason[] = ['requested', 'restart', 'timed-out', 'client-gone', 'shutdown'];

export const reason = fc.constantFrom(...REASONS);

export const end: fc.Arbitrary<End> = fc.constantFrom<End[]>(
  { kind: 'exited', code: 0 },
  { kind: 'exited', code: 1 },
  { kind: 'signalled', signal: 11, core: true },
  { kind: 'unknown' },
);

const failure = fc.constantFrom(notExecuted('exec', 'ENOENT'), notExecuted('cwd', 'EACCES'));
const refusal = fc.constant(notExecuted('fork', 'EAGAIN'));
/** Short, around the lengths that policies name, and long. */
const ms = fc.constantFrom(0, 1, 40, 100, 500, 1000, 10_000, 100_000);

const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

/** Deeds that bring a unit on are frequent, so that histories get somewhere. */
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 50, arbitrary: fc.constant<Deed>({ kind: 'onward' }) },
  { weight: 10, arbitrary: fc.constant<Deed>({ kind: 'start' }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('stop' as const), reason }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      refusal: seldom(refusal),
      obeys: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('exec' as const),
      failure: seldom(failure),
      others: fc.nat({ max: 2 }),
    }),
  },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('end' as const), end }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'fade' }) },
  { weight: 4, arbitrary: fc.constant<Deed>({ kind: 'obey' }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('hear' as const), merge: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat({ max: 40 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms, ghosts: fc.boolean() }) },
);

const lasting: fc.Arbitrary<UnitSpec> = fc.record({
  label: fc.constant('web'),
  origin: fc.constant('daemon' as const),
  restart: fc.record(
    {
      policy: fc.constantFrom('always' as const, 'always' as const, 'on-failure' as const, 'never' as const),
      delayMs: fc.constantFrom(0, 100, 100, 700),
      factor: fc.constantFrom(1, 2, 10),
      maxMs: fc.constantFrom(500, 3_600_000),
      jitter: fc.constantFrom(0, 0.1, 1),
      resetAfterMs: fc.constantFrom(500, 10_000),
      limit: fc.record({ count: fc.nat({ max: 5 }), withinMs: fc.constantFrom(1000, 60_000) }),
    },
    { requiredKeys: ['policy', 'delayMs', 'factor', 'maxMs', 'jitter', 'resetAfterMs'] },
  ),
  stop: fc.record({
    signal: fc.constant(15),
    timeoutMs: fc.constantFrom(0, 100, 10_000),
    scope: fc.constantFrom('main' as const, 'mixed' as const, 'tree' as const),
  }),
});

/** Mostly daemons, and Runs with a time limit: only such have one, but a policy of restarts does them no harm. */
export const spec: fc.Arbitrary<UnitSpec> = fc.oneof(
  { weight: 3, arbitrary: lasting },
  {
    weight: 1,
    arbitrary: fc
      .tuple(lasting, fc.constantFrom(50, 5000))
      .map(([unit, timeoutMs]): UnitSpec => ({ ...unit, origin: 'run', timeoutMs })),
  },
);

/** A world in which a history has happened, not yet settled. */
export const world: fc.Arbitrary<World> = fc
  .record({
    spec,
    chances: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
    episodes: fc.array(fc.array(deed, { minLength: 10, maxLength: 30 }), { size: 'max', maxLength: 12 }),
  })
  .map((history) => {
    const made = new World(history.spec, history.chances);
    for (const one of history.episodes.flat()) made.do(one);
    return Object.assign(made, { [fc.toStringMethod]: () => JSON.stringify(history) });
  });
