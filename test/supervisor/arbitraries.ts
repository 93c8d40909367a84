import fc from 'fast-check';
import type { OrderReason } from '../../src/supervisor/event.ts';
import type { FailedNeeds, Gate } from '../../src/supervisor/gate.ts';
import type { End, StopReason } from '../../src/supervisor/state.ts';
import { unitSpec, type UnitSpec } from '../../src/supervisor/unit.ts';
import { World, type Deed } from './world.ts';
import { notExecuted } from './units.ts';

const REASONS = [
  'requested',
  'restart',
  'timed-out',
  'client-gone',
  'shutdown',
  'conflict',
  'replaced',
  'withdrawn',
] as const satisfies OrderReason[];

export const reason = fc.constantFrom<OrderReason[]>(...REASONS);
export const stopReason = fc.constantFrom<StopReason[]>(
  ...REASONS,
  'dependency',
  'not-ready',
  'unhealthy',
  'over-limit',
);

/** What one need after the other has failed for. */
export const needs = fc.constantFrom<FailedNeeds[]>(['db'], ['cache', 'db']);

export const gate: fc.Arbitrary<Gate> = fc.record({
  start: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Gate['start'][]>({ kind: 'open' }, { kind: 'held' }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('blocked' as const), needs }) },
  ),
  isNeeded: fc.boolean(),
});

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
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('gate' as const), gate }) },
  { weight: 2, arbitrary: fc.constant<Deed>({ kind: 'lose' }) },
  { weight: 2, arbitrary: fc.constantFrom<Deed[]>({ kind: 'sicken' }, { kind: 'serve' }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hand-on' as const), end }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('command' as const), isDone: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'fade' }) },
  { weight: 4, arbitrary: fc.constant<Deed>({ kind: 'obey' }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('hear' as const), merge: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat({ max: 40 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms, ghosts: fc.boolean() }) },
);

const restart = fc.record(
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
);

const stop = fc.record({
  signal: fc.constant(15),
  timeoutMs: fc.constantFrom(0, 100, 10_000),
  scope: fc.constantFrom('main' as const, 'mixed' as const, 'tree' as const),
});

/** What a configuration can say of readiness, of its end, and of how it is stopped. */
const configured: fc.Arbitrary<Partial<UnitSpec>> = fc.constantFrom<Partial<UnitSpec>[]>(
  {},
  { stopsByCommand: true },
  { readyBy: 'probe', readyTimeoutMs: 500, hasHealth: true },
  { readyBy: 'probe', readyTimeoutMs: 5000, stopsByCommand: true },
  { readyBy: 'main-process', leavesMain: true, readyTimeoutMs: 500 },
  { readyBy: 'probe', leavesMain: true, readyTimeoutMs: 5000 },
  { type: 'oneshot' },
  { type: 'oneshot', isUndone: true, readyTimeoutMs: 5000 },
  { success: { codes: [0, 1], signals: [11] } },
);

/** Units of a configuration, daemons, and Runs with a time limit: only such have one, but a policy of restarts does them no harm. */
export const spec: fc.Arbitrary<UnitSpec> = fc
  .record({
    restart,
    stop,
    own: fc.oneof(
      { weight: 4, arbitrary: configured.map((own) => ({ ...own, origin: 'config' as const })) },
      { weight: 2, arbitrary: fc.constant({ origin: 'daemon' as const }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(50, 5000).map((timeoutMs) => ({ origin: 'run' as const, timeoutMs })),
      },
    ),
  })
  .map(({ own, ...rest }) => unitSpec({ label: 'web', ...rest, ...own }));

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
