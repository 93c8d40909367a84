import { describe, expect, test } from 'vitest';
import { asExchanged, pairOf } from '../../../src/archond/found-pair.ts';
import type { Wish } from '../../../src/archond/remembered-unit.ts';
import type { EntryState, ProcessEntry } from '../../../src/sys/sys.ts';

function entry(generation: number, state: EntryState = 'running', acknowledged?: EntryState): ProcessEntry {
  const process = { pid: 100 * generation, startTicks: 1, startedAtMs: 1, tags: [0n, 0n] } as const;
  const kept = { state, acknowledged, tree: 'cgroup', minderLost: false } as const;
  return { index: generation, generation, label: 'web', ...process, ...kept };
}

/** Numbers of the generations: the unit's own, the other one, those that are late. */
function numbers(wish: Wish | undefined, first: ProcessEntry, ...others: readonly ProcessEntry[]): unknown {
  const { own, beside, late } = pairOf(first, others, wish);
  return [own.generation, beside?.generation, late.map(({ generation }) => generation)];
}

const up = (generation: number, own: Partial<Wish> = {}): Wish => ({
  desired: 'up',
  at: 'up',
  end: undefined,
  generation,
  ...own,
});
const never = (): boolean => false;

describe('of the entries of a label', () => {
  test('what was written down says which is which, in whatever order they stand, and where one has ended since', () => {
    expect(numbers(up(1, { beside: up(2) }), entry(2), entry(1))).toEqual([1, 2, []]);
    expect(numbers(up(2, { beside: up(1) }), entry(1), entry(2))).toEqual([2, 1, []]);
    expect(numbers(up(2, { beside: up(1) }), entry(1, 'empty'), entry(2))).toEqual([2, 1, []]);
    expect(numbers(up(1, { beside: up(2) }), entry(1, 'empty'), entry(2))).toEqual([1, 2, []]);
    /* Its end was told, and what came of it for the unit was not written down. */
    expect(numbers(up(1, { beside: up(2) }), entry(1), entry(2, 'empty', 'empty'))).toEqual([1, 2, []]);
  });

  test('the older of two that are not over was there first, where nothing says so', () => {
    expect(numbers(undefined, entry(2), entry(1))).toEqual([1, 2, []]);
    expect(numbers(up(1), entry(2), entry(1))).toEqual([1, 2, []]);
    expect(numbers(undefined, entry(1, 'empty', 'exited'), entry(2))).toEqual([1, 2, []]);
  });

  test('those that are over are late, but for the youngest', () => {
    expect(numbers(up(2), entry(1, 'empty', 'empty'), entry(2))).toEqual([2, undefined, [1]]);
    expect(numbers(up(1), entry(1, 'empty', 'empty'), entry(2))).toEqual([2, undefined, [1]]);
    expect(numbers(up(3), entry(1, 'empty', 'empty'), entry(2, 'empty', 'empty'))).toEqual([
      2,
      undefined,
      [1],
    ]);
  });
});

describe('what is remembered of a unit that has two', () => {
  const pair = up(1, { ready: 1, beside: up(2), replaceNext: 1 });

  test('is as it was while the younger one is not ready', () => {
    expect(asExchanged(pair, never)).toBe(pair);
    expect(asExchanged(undefined, never)).toBeUndefined();
    expect(asExchanged(up(1), () => true)).toEqual(up(1));
  });

  test('is that of the younger one once its readiness was written down, or told', () => {
    const beside = up(1, { ready: 1, beside: undefined, replaceNext: undefined });
    const exchanged = up(2, { ready: 2, beside });
    expect(asExchanged({ ...pair, beside: up(2, { ready: 2 }) }, never)).toEqual(exchanged);
    expect(asExchanged(pair, (generation) => generation === 2)).toEqual(exchanged);
  });

  test('stays that of the older one where both are to go down, or that one is to go', () => {
    const stopping = { ...pair, desired: 'down', at: 'stopping' } as const;
    expect(asExchanged(stopping, () => true)).toBe(stopping);
    const after = up(2, { ready: 2, beside: up(1, { ready: 1 }) });
    expect(asExchanged(after, () => true)).toBe(after);
  });
});
