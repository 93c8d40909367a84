import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyPicture, type Past } from '../../../src/archonctl/draw/history.ts';
import { historyRowsPicture } from '../../../src/archonctl/draw/history-rows.ts';
import { binaryScale, clockTicks, decimalScale } from '../../../src/archonctl/draw/scale.ts';
import { expectWellFormed } from './well-formed.ts';

const BEGAN = 1_700_000_000;

function past(label: string, ats: readonly number[], ends: readonly number[] = []): Past {
  return {
    label,
    ends: ends.map((at) => BEGAN + at),
    samples: ats.map((at) => ({
      at: BEGAN + at,
      cpu: at % 70,
      memory: 1e6 + at,
      descriptors: 5,
      threads: 2,
      read: 0,
      written: at === 0 ? undefined : 4096,
    })),
  };
}
const steps = (from: number, to: number): number[] =>
  Array.from({ length: (to - from) / 10 }, (_, at) => from + at * 10);

const HOUR = steps(0, 3600);
const WITH_GAP = [...steps(0, 1000), ...steps(2000, 3600)];

describe('a scale', () => {
  it('ends above the largest value, and has a few whole steps', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1e12, noNaN: true }),
        fc.integer({ min: 2, max: 6 }),
        (value, most) => {
          for (const { ticks, top } of [decimalScale(value, most), binaryScale(value, most)]) {
            expect(top).toBeGreaterThanOrEqual(value * (1 - 1e-6));
            expect(ticks.length).toBeGreaterThan(1);
            expect(ticks.length).toBeLessThanOrEqual(most + 1);
            expect(ticks.at(-1)).toBe(top);
          }
        },
      ),
    );
    expect(decimalScale(73, 4).ticks).toEqual([0, 20, 40, 60, 80]);
    expect(binaryScale(150 * 1024 * 1024, 4).ticks.map((value) => value / 1024 / 1024)).toEqual([
      0, 64, 128, 192,
    ]);
  });

  it('of time has whole times of the clock', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2e9 }), fc.integer({ min: 2, max: 200_000 }), (from, span) => {
        const ticks = clockTicks(from, from + span, 12);
        expect(ticks.length).toBeLessThanOrEqual(13);
        for (const { at } of ticks) expect(at >= from && at <= from + span).toBe(true);
      }),
    );
    expect(clockTicks(BEGAN, BEGAN + 3600, 12).map(({ at }) => at % 300)).toEqual(new Array(12).fill(0));
  });
});

describe('a picture of what units have used', () => {
  it('has a panel for each quantity that there is something of, and the figures of a single unit', () => {
    const svg = historyPicture([past('web', HOUR)]);
    expectWellFormed(svg);
    for (const title of ['Processor', 'Memory', 'Written', 'Descriptors', 'Threads'])
      expect(svg).toContain(`>${title}`);
    expect(svg).not.toContain('>Read');
    expect(svg).toContain('>now 20%, at most 60%<');
    expect(svg).not.toContain('nothing ran');
  });

  it('shows when nothing ran, and when a process ended', () => {
    const svg = historyPicture([past('web', WITH_GAP, [995, 9999])]);
    expectWellFormed(svg);
    expect(svg.match(/nothing ran/g)).toHaveLength(5);
    expect(svg.match(/web ended at/g)).toHaveLength(5);
    expect(svg).toContain('a dashed line is where a process ended');
  });

  it('has a colour and a name for each of several', () => {
    const svg = historyPicture(['web', 'db', 'a&b<c>'].map((label) => past(label, WITH_GAP)));
    expectWellFormed(svg);
    expect(svg).toContain('>3 units<');
    const strokes = new Set(
      [...svg.matchAll(/stroke="(#[0-9a-f]{6})" stroke-width="1/g)].map(([, colour]) => colour),
    );
    expect(strokes.size).toBe(3);
    /* Lines break where nothing was. */
    expect(svg.match(/<path d="M/g)).toHaveLength(3 * 5 * 2);
  });

  it('is drawn of a single sample, of the same instants, and of nothing', () => {
    for (const pasts of [
      [],
      [past('web', [0])],
      [past('web', [0, 0])],
      [past('a', [0]), past('b', [3000])],
    ]) {
      expectWellFormed(historyPicture(pasts));
    }
  });

  it.for([9, 30, 60])('of %d units is their sums, and a row for each', (count) => {
    const pasts = Array.from({ length: count }, (_, at) =>
      past(`unit-${at}/${'x'.repeat(at * 2)}`, at % 4 === 0 ? WITH_GAP : HOUR),
    );
    const svg = historyRowsPicture(pasts, 12);
    expectWellFormed(svg);
    expect(svg).toContain(`>${count} of ${count + 12} units<`);
    expect(svg).toContain(`${count - 7} others`);
    const [, height = ''] = / height="([\d.]+)"/.exec(svg) ?? [];
    const lowest = Math.max(...[...svg.matchAll(/<text x="[\d.]+" y="([\d.]+)"/g)].map(([, y]) => Number(y)));
    expect(lowest).toBeLessThan(Number(height));
    for (const { label } of pasts) expect(svg).toContain(`<title>${label}</title>`);
  });
});
