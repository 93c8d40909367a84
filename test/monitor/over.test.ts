import { describe, expect, it } from 'vitest';
import { Over } from '../../src/monitor/over.ts';
import { readingEveryMs } from '../../src/monitor/pace.ts';

/** At which of these readings, of an instant and a value each, the bound of 100 counts as passed. */
function passedAt(forMs: number, ...readings: readonly (readonly [atMs: number, value: number])[]): number[] {
  const over = new Over(100, forMs);
  return readings.flatMap(([atMs, value]) => (over.take(value, atMs) ? [atMs] : []));
}

describe('a bound', () => {
  it('is passed when every reading of so long was over it', () => {
    expect(passedAt(30, [0, 90], [10, 101], [20, 500], [30, 101], [40, 101])).toEqual([40]);
  });

  it('is not passed by what comes up to it, nor by what goes back to it in between', () => {
    expect(passedAt(30, [0, 100], [10, 100], [50, 100])).toEqual([]);
    expect(passedAt(30, [0, 101], [20, 100], [30, 101], [50, 101])).toEqual([]);
  });

  it('is passed anew after as long again', () => {
    expect(passedAt(30, [0, 101], [30, 101], [40, 101], [60, 101], [70, 101])).toEqual([30, 70]);
  });

  it('of no time is passed by one reading', () => {
    expect(passedAt(0, [0, 101], [10, 101], [20, 99])).toEqual([0, 10]);
  });
});

describe('the pace of readings', () => {
  it('fits the time of the bound, within reason', () => {
    expect(readingEveryMs(6000, 1)).toBe(2000);
    expect(readingEveryMs(0, 1)).toBe(250);
    expect(readingEveryMs(86_400_000, 1)).toBe(10_000);
  });

  it('slows down with many units, up to the time of the bound', () => {
    expect(readingEveryMs(30_000, 100)).toBe(10_000);
    expect(readingEveryMs(30_000, 1000)).toBe(20_000);
    expect(readingEveryMs(30_000, 5000)).toBe(30_000);
  });
});
