import { describe, expect, it } from 'vitest';
import { HISTORY_MS, Pace, samplesKept, TICK_MS } from '../../src/monitor/pace.ts';

/** Plays so many ticks of as many units as are wanted, each of which costs so much; tells what was read and spent. */
function play(ticks: number, units: number, costMs: number): { readonly read: number; readonly ms: number } {
  const pace = new Pace();
  let [read, ms] = [0, 0];
  for (let tick = 0; tick < ticks; tick += 1) {
    const share = Math.min(units, pace.share());
    if (share > 0) pace.spent(share, share * costMs);
    read += share;
    ms += share * costMs;
  }
  return { read, ms };
}

const HOUR_TICKS = HISTORY_MS / TICK_MS;

describe('The pace', () => {
  it('reads every unit in every tick where these are few', () => {
    expect(play(HOUR_TICKS, 100, 0.02).read).toBe(HOUR_TICKS * 100);
  });

  it('reads fewer the more it costs, and spends less than a millisecond a second', () => {
    for (const costMs of [0.005, 0.05, 0.5, 5]) {
      const { read, ms } = play(HOUR_TICKS, 5000, costMs);
      expect(ms / (HISTORY_MS / 1000)).toBeLessThan(1);
      expect(read).toBeGreaterThan(0);
    }
  });

  it('reads a thousand units once in half a minute at least', () => {
    expect(play(HOUR_TICKS, 1000, 0.012).read / 1000).toBeGreaterThan(HOUR_TICKS / 3);
  });

  it('goes on after one that cost very much as soon as that is paid off', () => {
    const pace = new Pace();
    expect(pace.share()).toBeGreaterThan(1);
    pace.spent(1, 80);
    const shares = Array.from({ length: 30 }, () => pace.share());
    expect(shares.findIndex((share) => share > 0)).toBeGreaterThan(5);
    expect(shares.at(-1)).toBe(1);
  });

  it('goes on in some minutes whatever one has cost', () => {
    const pace = new Pace();
    pace.share();
    pace.spent(1, 1e6);
    const shares = Array.from({ length: 40 }, () => pace.share());
    expect(shares.findIndex((share) => share > 0) * TICK_MS).toBeLessThanOrEqual(5 * 60_000);
    expect(Math.max(...shares)).toBe(1);
  });
});

describe('Samples', () => {
  it('are kept of each tick of an hour where there are few units', () => {
    expect([1, 10, 182].map(samplesKept)).toEqual([360, 360, 360]);
  });

  it('are fewer the more units there are, and all of them together are bounded', () => {
    expect(samplesKept(1000)).toBe(65);
    for (const units of [200, 1000, 2000]) expect(samplesKept(units) * units).toBeLessThanOrEqual(65_536);
    expect(samplesKept(16_384)).toBe(30);
    expect(samplesKept(0)).toBe(360);
  });
});
