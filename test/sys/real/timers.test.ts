import { describe, expect, it } from 'vitest';
import { realClock } from '../../../src/sys/real/clock.ts';
import { realTimers } from '../../../src/sys/real/timers.ts';
import { until } from '../../native/support.ts';

describe('the monotonic clock', () => {
  it('is that of the kernel’s CLOCK_MONOTONIC, which /proc shows without suspension', async () => {
    const { readFileSync } = await import('node:fs');
    const offset = /monotonic\s+(-?\d+)/.exec(readFileSync('/proc/self/timens_offsets', 'latin1'))?.[1];
    // Uptime counts suspension too, of which a machine for tests has none.
    const uptimeMs = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;
    expect(Number(offset ?? 0)).toBe(0);
    expect(realClock.monotonicMs()).toBeGreaterThanOrEqual(uptimeMs - 20);
    expect(realClock.monotonicMs()).toBeLessThan(uptimeMs + 10_000);
  });

  it('has a fraction, and so has the wall clock below the millisecond', () => {
    const fractions = Array.from({ length: 20 }, () => realClock.monotonicMs() % 1);
    expect(fractions.some((fraction) => fraction !== 0)).toBe(true);
    const nanoseconds = Array.from({ length: 20 }, () => realClock.realtimeNs() % 1_000_000n);
    expect(nanoseconds.some((rest) => rest !== 0n)).toBe(true);
    expect(Math.abs(Number(realClock.realtimeNs() / 1_000_000n) - Date.now())).toBeLessThan(1000);
  });
});

describe('timers', () => {
  it('of the same millisecond come in the order of their fractions', async () => {
    const came: number[] = [];
    const atMs = Math.ceil(realClock.monotonicMs()) + 5;
    for (const fraction of [0.9, 0.1, 0.5, 0.1]) realTimers.at(atMs + fraction, () => came.push(fraction));
    await until(() => came.length === 4);
    expect(came).toEqual([0.1, 0.1, 0.5, 0.9]);
  });

  it('never come before their instant', async () => {
    const early: number[] = [];
    let left = 200;
    for (let i = 0; i < left; i++) {
      const atMs = realClock.monotonicMs() + i / 7;
      realTimers.at(atMs, () => {
        left--;
        if (realClock.monotonicMs() < atMs) early.push(atMs);
      });
    }
    await until(() => left === 0);
    expect(early).toEqual([]);
  });

  it('by the thousand come each once, also where half of them are cancelled', async () => {
    const atMs = realClock.monotonicMs() + 5;
    const came = new Set<number>();
    const cancels = Array.from({ length: 5000 }, (_, i) =>
      realTimers.at(atMs + (i % 100) / 100, () => came.add(i)),
    );
    for (let i = 0; i < 5000; i += 2) cancels[i]?.();
    await until(() => came.size === 2500);
    expect([...came].every((i) => i % 2 === 1)).toBe(true);
  });

  it('that are far away keep the loop alive, and are no burden', () => {
    let came = false;
    const cancels = [Infinity, realClock.monotonicMs() + 2 ** 40].map((atMs) =>
      realTimers.at(atMs, () => (came = true)),
    );
    for (const cancel of cancels) cancel();
    expect(came).toBe(false);
  });

  it('may cancel one that is due at the same time', async () => {
    const came: string[] = [];
    const atMs = realClock.monotonicMs() + 3;
    realTimers.at(atMs, () => {
      came.push('first');
      cancelSecond();
    });
    const cancelSecond = realTimers.at(atMs, () => came.push('second'));
    realTimers.at(atMs, () => came.push('third'));
    await until(() => came.includes('third'));
    expect(came).toEqual(['first', 'third']);
  });

  it('that throw cost the others nothing', async () => {
    const caught: string[] = [];
    const came: string[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => caught.push(error.message));
    try {
      const atMs = realClock.monotonicMs() + 3;
      realTimers.at(atMs, () => came.push('before'));
      realTimers.at(atMs, () => {
        throw new Error('thrown by a timer');
      });
      realTimers.at(atMs, () => came.push('behind'));
      await until(() => came.length === 2);
      expect(came).toEqual(['before', 'behind']);
      expect(caught).toEqual(['thrown by a timer']);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});
