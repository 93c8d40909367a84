import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../src/monitor/history.ts';
import type { Sample } from '../../src/monitor/usage.ts';

const SAMPLE: Sample = {
  atS: 0,
  cpuPercent: 1.5,
  memoryBytes: 4096,
  descriptors: 7,
  threads: 3,
  readBytes: 0,
  writtenBytes: 8192,
};

/** A history with samples of these seconds, of which so many are kept. */
function historyOf(seconds: readonly number[], most: number): History {
  const history = new History();
  for (const atS of seconds) history.add({ ...SAMPLE, atS }, most);
  return history;
}

const secondsOf = (history: History, sinceS = 0): readonly number[] =>
  history.since(sinceS).map(({ atS }) => atS);

/** 0, 10, 20 and so on. */
const everyTen = (count: number): number[] => Array.from({ length: count }, (_, at) => at * 10);

describe('A history', () => {
  it('tells each sample as it was, to the digits that it keeps', () => {
    const samples: Sample[] = [
      SAMPLE,
      {
        atS: 4_294_967_295,
        cpuPercent: 6400,
        memoryBytes: 2 ** 41,
        descriptors: 1_000_000,
        threads: 4_000_000,
        readBytes: 2 ** 40 + 1,
        writtenBytes: 2 ** 47 - 1,
      },
      { ...SAMPLE, descriptors: undefined, readBytes: undefined, writtenBytes: undefined },
    ];
    const history = new History();
    for (const sample of samples) history.add(sample, 10);
    expect(history.since(0)).toEqual(samples);
  });

  it('of figures beyond all measure keeps the highest that it can', () => {
    const history = new History();
    history.add({ ...SAMPLE, memoryBytes: 2 ** 60, readBytes: 2 ** 52, cpuPercent: 1e12 }, 10);
    const [sample] = history.since(0);
    expect(sample?.memoryBytes).toBe((2 ** 32 - 1) * 1024);
    expect(sample?.cpuPercent).toBe((2 ** 32 - 1) / 10);
    expect(sample?.readBytes).toBe(2 ** 48 - 2 ** 32 - 1);
  });

  it('keeps the newest, and goes on so for ever', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 0, max: 200 }), (most, count) => {
        const seconds = everyTen(count);
        expect(secondsOf(historyOf(seconds, most))).toEqual(seconds.slice(-most));
      }),
    );
  });

  it('tells what there is since an instant', () => {
    const history = historyOf(everyTen(20), 8);
    expect(secondsOf(history, 170)).toEqual([170, 180, 190]);
    expect(secondsOf(history, 171)).toEqual([180, 190]);
    expect(secondsOf(history, 191)).toEqual([]);
  });

  it('that is to be smaller reaches as far back, with every other sample', () => {
    const history = historyOf(everyTen(8), 8);
    history.add({ ...SAMPLE, atS: 80 }, 4);
    expect(secondsOf(history)).toEqual([30, 50, 70, 80]);
  });

  it('keeps the share of the processor of both samples of which one goes', () => {
    const history = new History();
    for (const [at, cpuPercent] of [10, 30, 50, 70].entries())
      history.add({ ...SAMPLE, atS: at, cpuPercent }, 4);
    history.add({ ...SAMPLE, atS: 4, cpuPercent: 0 }, 3);
    expect(history.since(0).map(({ cpuPercent }) => cpuPercent)).toEqual([20, 60, 0]);
  });

  it('has room again where it may be larger', () => {
    const history = historyOf(everyTen(20), 3);
    for (const atS of [200, 210, 220]) history.add({ ...SAMPLE, atS }, 100);
    expect(secondsOf(history)).toEqual([170, 180, 190, 200, 210, 220]);
  });

  it('never keeps more than it may, and always the newest, however that changes', () => {
    const mosts = fc.array(fc.integer({ min: 2, max: 30 }), { maxLength: 100 });
    fc.assert(
      fc.property(mosts, (changes) => {
        const history = new History();
        changes.forEach((most, atS) => {
          history.add({ ...SAMPLE, atS }, most);
          const seconds = secondsOf(history);
          expect(history.count).toBe(seconds.length);
          expect(seconds.length).toBeLessThanOrEqual(most);
          expect(seconds.at(-1)).toBe(atS);
          expect(seconds).toEqual([...seconds].sort((one, other) => one - other));
        });
      }),
    );
  });
});
