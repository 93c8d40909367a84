import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chart, sparkline } from '../../../src/archonctl/draw/spark.ts';
import { pastLines } from '../../../src/archonctl/print/past.ts';
import { binned, extremesOf, runsOf, samplesOf, type Sample } from '../../../src/archonctl/story/history.ts';

const sample = (at: number, cpu: number | undefined): Sample => ({
  at,
  cpu,
  memory: 1024,
  descriptors: undefined,
  threads: undefined,
  read: undefined,
  written: undefined,
});

describe('samples', () => {
  it('have rates of what records count up, but not over the beginning of another process', () => {
    const samples = samplesOf([
      ['10', '1.5', '4096', '3', '1', '100', '0'],
      ['20', '2.5', '4096', '', '2', '300', '50'],
      ['30', '', '1', '3', '1', '10', '60', 'later'],
      ['nonsense'],
    ]);
    expect(samples).toEqual([
      { at: 10, cpu: 1.5, memory: 4096, descriptors: 3, threads: 1, read: undefined, written: undefined },
      { at: 20, cpu: 2.5, memory: 4096, descriptors: undefined, threads: 2, read: 20, written: 5 },
      { at: 30, cpu: undefined, memory: 1, descriptors: 3, threads: 1, read: undefined, written: 1 },
    ]);
  });

  it('fall into runs where nothing was between them', () => {
    const ats = [0, 10, 20, 60, 70, 80, 90];
    const runs = runsOf([...ats.map((at) => sample(at, 1)), sample(100, undefined), sample(110, 1)], 'cpu');
    expect(runs.map((run) => run.map(({ at }) => at))).toEqual([[0, 10, 20], [60, 70, 80, 90], [110]]);
    expect(runsOf([], 'cpu')).toEqual([]);
    expect(runsOf([sample(5, 1)], 'cpu')).toHaveLength(1);
  });

  it('keep their highest values in any number of parts', () => {
    const some = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 200 }), (values, count) => {
        const samples = values.map((value, at) => sample(at * 10, value));
        const bins = binned(samples, 'cpu', 0, Math.max(1, samples.length - 1) * 10, count);
        expect(bins).toHaveLength(count);
        expect(Math.max(...bins.map((value) => value ?? 0))).toBe(Math.max(...values));
        expect(extremesOf(samples, 'cpu')).toEqual({
          most: Math.max(...values),
          least: Math.min(...values),
          last: values.at(-1),
        });
        if (samples.length > 1) expect(bins).not.toContain(undefined);
      }),
    );
  });

  it('leave parts empty where nothing was', () => {
    const samples = [0, 10, 20, 30, 80, 90, 100].map((at) => sample(at, at));
    expect(binned(samples, 'cpu', 0, 100, 10)).toEqual([
      0,
      10,
      20,
      30,
      undefined,
      undefined,
      undefined,
      undefined,
      80,
      100,
    ]);
  });
});

describe('a line of blocks', () => {
  it('is as high as its values, and blank where there is none', () => {
    expect(sparkline([0, 1, 50, 100, undefined, 100], 100, true)).toBe('▁▁▄█ █');
    expect(sparkline([0, 100], 100, false)).toBe('_@');
    expect(sparkline([0, 0], 0, true)).toBe('▁▁');
    expect(sparkline([500], 100, true)).toBe('█');
    expect(sparkline([], 1, true)).toBe('');
  });

  it('can stand upon others', () => {
    expect(chart([0, 50, 75, 100, undefined], 100, 2, true)).toEqual(['  ▄█ ', '▁███ ']);
  });
});

describe('the last hour on lines of a terminal', () => {
  const samples = Array.from({ length: 61 }, (_, at) => sample(at * 60, at));

  it('fits', () => {
    const lines = pastLines(samples, 80, true);
    expect(lines.map(([name]) => name)).toEqual(['cpu, 1h', 'memory, 1h']);
    expect(lines[0]?.[1]).toMatch(/^▁.*█ at most 60\.0%$/);
    for (const [, value] of lines) expect(value.length + 16).toBeLessThanOrEqual(80);
  });

  it('is left out where there is no room, or nothing to tell', () => {
    expect(pastLines(samples, 30, true)).toEqual([]);
    expect(pastLines(samples, 0, true)).toEqual([]);
    expect(pastLines(samples.slice(0, 2), 80, true)).toEqual([]);
  });
});
