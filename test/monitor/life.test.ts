import { describe, expect, it } from 'vitest';
import { Life } from '../../src/monitor/life.ts';
import type { Usage } from '../../src/monitor/usage.ts';
import type { Consumption } from '../../src/sys/sys.ts';

const NOTHING: Consumption = {
  cpuUs: 0,
  memoryBytes: 4096,
  processes: 1,
  threads: 1,
  descriptors: 3,
  readBytes: 0,
  writtenBytes: 0,
};

/** A life that began at 1,000 ms, and what is read of it: at an instant, what differs from nothing. */
function lifeFrom(startMs = 1000): {
  readonly life: Life;
  readonly read: (atMs: number, used: Partial<Consumption>) => Usage;
} {
  const life = new Life(startMs, BigInt(startMs) * 1_000_000n);
  return {
    life,
    read: (atMs, used) => life.take({ ...NOTHING, ...used }, atMs, BigInt(atMs) * 1_000_000n),
  };
}

describe('What a unit uses', () => {
  it('of the processor is the share since its start, at first', () => {
    const { read } = lifeFrom();
    expect(read(3000, { cpuUs: 500_000 }).cpuPercent).toBe(25);
  });

  it('is the share since the reading before, if that is a second ago', () => {
    const { read } = lifeFrom();
    read(3000, { cpuUs: 2_000_000 });
    expect(read(5000, { cpuUs: 2_200_000 }).cpuPercent).toBe(10);
  });

  it('is that of a second at least, however often it is read', () => {
    const { read } = lifeFrom();
    read(3000, { cpuUs: 0 });
    read(4000, { cpuUs: 100_000 });
    expect(read(4010, { cpuUs: 110_000 }).cpuPercent).toBeCloseTo(110 / 10.1, 5);
    expect(read(4020, { cpuUs: 120_000 }).cpuPercent).toBeCloseTo(120 / 10.2, 5);
  });

  it('never falls below nothing, where processes that nobody waited for are told no more', () => {
    const { read } = lifeFrom();
    read(3000, { cpuUs: 500_000, readBytes: 900, writtenBytes: 700 });
    const usage = read(5000, { cpuUs: 100_000, readBytes: 100, writtenBytes: 800 });
    expect(usage).toMatchObject({ cpuPercent: 0, readBytes: 900, writtenBytes: 800 });
    expect(read(7000, { cpuUs: 600_000 }).cpuPercent).toBe(5);
  });

  it('is nothing at the very moment of its start', () => {
    const { read } = lifeFrom();
    expect(read(1000, { cpuUs: 100 }).cpuPercent).toBe(0);
    expect(read(990, { cpuUs: 100 }).cpuPercent).toBe(0);
  });

  it('has a peak, which a moment of less than a second does not change', () => {
    const { read } = lifeFrom();
    expect(read(1010, { cpuUs: 40_000, memoryBytes: 9 << 20 })).toMatchObject({
      cpuPercent: 400,
      cpuPeakPercent: 0,
      memoryPeakBytes: 9 << 20,
    });
    read(3000, { cpuUs: 1_800_000, memoryBytes: 5 << 20 });
    expect(read(5000, { cpuUs: 1_800_000 })).toMatchObject({
      cpuPercent: 0,
      cpuPeakPercent: 90,
      memoryBytes: 4096,
      memoryPeakBytes: 9 << 20,
    });
  });

  it('tells what cannot be seen as such, and what it can see again', () => {
    const { read } = lifeFrom();
    read(2000, { readBytes: 10 });
    const usage = read(3000, { readBytes: undefined, descriptors: undefined });
    expect([usage.readBytes, usage.descriptors]).toEqual([undefined, undefined]);
    expect(read(4000, { readBytes: 12 }).readBytes).toBe(12);
  });

  it('is told again for as long as that is wanted', () => {
    const { life, read } = lifeFrom();
    expect(life.since(-Infinity)).toBe(undefined);
    const usage = read(3000, {});
    expect(life.since(2999)).toBe(usage);
    expect(life.since(3000)).toBe(undefined);
  });
});

describe('A sample of it', () => {
  it('has the share since the sample before, whatever was read between', () => {
    const { life, read } = lifeFrom();
    const first = { ...NOTHING, cpuUs: 900_000 };
    expect(life.sample(first, 10_000, read(10_000, first))).toMatchObject({ atS: 10, cpuPercent: 10 });
    for (const atMs of [12_000, 14_000, 16_000]) read(atMs, { cpuUs: 900_000 + (atMs - 10_000) * 500 });
    const second = { ...NOTHING, cpuUs: 5_900_000 };
    expect(life.sample(second, 20_000, read(20_000, second))).toMatchObject({ atS: 20, cpuPercent: 50 });
  });
});
