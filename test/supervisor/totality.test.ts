import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cause } from '../../src/supervisor/cause.ts';
import type { Moment, UnitEvent } from '../../src/supervisor/event.ts';
import { freeze } from '../../src/supervisor/freeze.ts';
import type { MainProcess, UnitState } from '../../src/supervisor/state.ts';
import { transition, type Unit } from '../../src/supervisor/transition.ts';
import { end, gate, needs, reason, spec, stopReason } from './arbitraries.ts';
import { isFrozen } from './frozen.ts';

const number = fc.nat({ max: 3 });
const atMs = fc.double({ min: 0, max: 1e9, noNaN: true });
const pid = fc.option(fc.integer({ min: 1, max: 4_194_304 }), { nil: undefined });

const main = fc.constantFrom<MainProcess>('first', 'awaited', 'other');

/** Any state at all, one that no history leads to as well. */
const state: fc.Arbitrary<UnitState> = fc.oneof(
  fc.record({ kind: fc.constant('stopped' as const) }),
  fc.record({ kind: fc.constantFrom('stopped' as const, 'waiting' as const) }),
  fc.record({ kind: fc.constant('blocked' as const), needs }),
  fc.record({
    kind: fc.constant('starting' as const),
    generation: number,
    pid,
    hasExecuted: fc.boolean(),
    isReady: fc.boolean(),
    main,
  }),
  fc.record({
    kind: fc.constant('running' as const),
    generation: number,
    pid: fc.nat(),
    readyAtMs: atMs,
    main,
  }),
  fc.record({
    kind: fc.constant('clearing' as const),
    generation: number,
    end,
    ranMs: atMs,
    again: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('stopping' as const),
    generation: number,
    pid,
    main,
    rung: fc.constantFrom('wait' as const, 'command' as const, 'signal' as const, 'kill' as const),
    deadlineAtMs: fc.option(atMs, { nil: undefined }),
    end: fc.option(end, { nil: undefined }),
    reason: stopReason,
    ranMs: fc.option(atMs, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('undoing' as const),
    step: fc.constantFrom('wait' as const, 'command' as const, 'kill' as const),
    end,
    reason: stopReason,
  }),
  fc.record({ kind: fc.constant('backoff' as const), untilAtMs: atMs, end }),
  fc.record({
    kind: fc.constant('failed' as const),
    reason: fc.constantFrom('exit' as const, 'cannot-spawn' as const),
    end: fc.option(end, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('finished' as const), end }),
);

const cause: fc.Arbitrary<Cause> = fc.record({
  event: fc.option(fc.nat(), { nil: undefined }),
  request: fc.option(fc.record({ uid: fc.nat(), pid: fc.nat(), verb: fc.constant('Stop') }), {
    nil: undefined,
  }),
});

const unit: fc.Arbitrary<Unit> = fc.record({
  spec: fc.oneof(
    spec,
    spec.map((one) => ({ ...one, origin: 'watched' as const })),
  ),
  desired: fc.constantFrom('up' as const, 'down' as const),
  gate,
  state,
  generation: number,
  history: fc.record({ attempt: fc.nat(), restarts: fc.nat(), recentAtMs: fc.array(atMs) }),
  lastEnd: fc.option(end, { nil: undefined }),
  cause,
  waitingCause: fc.option(cause, { nil: undefined }),
});

const event: fc.Arbitrary<UnitEvent> = fc.oneof(
  fc.record({ kind: fc.constant('order-start' as const), cause }),
  fc.record({ kind: fc.constant('order-stop' as const), reason, cause }),
  fc.record({ kind: fc.constant('gate' as const), gate, cause }),
  fc.record({ kind: fc.constant('need-lost' as const), need: fc.constant('db'), cause }),
  fc.record({
    kind: fc.constantFrom('spawned' as const, 'main-changed' as const),
    generation: number,
    pid: fc.nat(),
  }),
  fc.record({
    kind: fc.constantFrom('refused' as const, 'exited' as const, 'main-exited' as const),
    generation: number,
    end,
  }),
  fc.record({
    kind: fc.constant('replaced' as const),
    generation: number,
    by: state.filter((one) => one.kind === 'starting' || one.kind === 'running'),
    told: cause,
  }),
  fc.record({ kind: fc.constant('command-ended' as const), generation: number, isDone: fc.boolean() }),
  fc.record({
    kind: fc.constantFrom(
      'executed' as const,
      'emptied' as const,
      'ready' as const,
      'unhealthy' as const,
      'ready-due' as const,
      'stop-due' as const,
      'time-over' as const,
      'backoff-due' as const,
    ),
    generation: number,
  }),
);

const moment: fc.Arbitrary<Moment> = fc.record({
  atMs,
  chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  nextGeneration: fc.integer({ min: 4, max: 9 }),
  nextSequence: fc.nat(),
});

describe('the table', () => {
  test('answers every event in every state, without throwing and without touching what it is given', () => {
    const property = fc.property(unit, event, moment, (given, told, at) => {
      const before = structuredClone([given, told, at]);
      const step = transition(freeze(given), freeze(told), freeze(at));
      expect([given, told, at]).toEqual(before);
      expect(['move', 'ignore', 'impossible']).toContain(step.verdict);
      expect(isFrozen(step)).toBe(true);
      if (step.verdict === 'move') return;
      expect(step.unit).toBe(given);
      expect(step.effects).toEqual([]);
      expect(step.why).not.toBe('');
    });
    fc.assert(property, { numRuns: 5000 });
  });

  test('never asks for two things of which one undoes the other', () => {
    const property = fc.property(unit, event, moment, (given, told, at) => {
      const { effects } = transition(given, told, at);
      const kinds = effects.map((effect) => effect.kind);
      expect(kinds.filter((kind) => kind === 'spawn').length).toBeLessThanOrEqual(1);
      if (kinds.includes('spawn')) expect(kinds).not.toContain('kill');
      const setAt = kinds.indexOf('set-timer');
      const timers = effects.flatMap((effect) => ('timer' in effect ? [effect.timer] : []));
      expect(new Set(timers).size).toBe(timers.length);
      if (setAt >= 0) expect(kinds.lastIndexOf('cancel-timer')).toBeLessThan(setAt);
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

describe('freezing', () => {
  test('reaches to the bottom, and leaves alone what is frozen already', () => {
    const inner = Object.freeze({ far: [1, { further: true }] });
    const made = freeze({ list: [{ deep: { deeper: 1 } }], nothing: null, inner });
    expect(isFrozen(made.list)).toBe(true);
    expect(Object.isFrozen(made)).toBe(true);
    expect(Object.isFrozen(inner.far)).toBe(false);
  });
});
