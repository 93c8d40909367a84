import { expect } from 'vitest';
import type { Tester } from './tester.ts';

/** `clock`, `timers`, `chance`. */
export function clock(test: Tester): void {
  test('timers come in the order of their instants, and none before its own', async (world) => {
    const { clock: time, timers } = world.sys;
    const nowMs = time.monotonicMs();
    const came: { readonly name: string; readonly early: boolean }[] = [];
    const at = (name: string, atMs: number): void => {
      timers.at(
        atMs,
        world.heard(() => came.push({ name, early: time.monotonicMs() < atMs })),
      );
    };
    at('last', nowMs + 30);
    at('first', nowMs + 10);
    at('second', nowMs + 20.5);
    expect(came).toEqual([]);
    await world.until(() => came.length === 3, 'three timers have come');
    expect(came.map(({ name }) => name)).toEqual(['first', 'second', 'last']);
    expect(came.some(({ early }) => early)).toBe(false);
  });

  test('timers of one instant come in the order in which they were made', async (world) => {
    const atMs = world.sys.clock.monotonicMs() + 5;
    const came: number[] = [];
    for (const number of [1, 2, 3, 4])
      world.sys.timers.at(
        atMs,
        world.heard(() => came.push(number)),
      );
    await world.until(() => came.length === 4, 'four timers have come');
    expect(came).toEqual([1, 2, 3, 4]);
  });

  test('a timer of the past comes soon, but not inside the call', async (world) => {
    let came = 0;
    world.sys.timers.at(
      world.sys.clock.monotonicMs() - 1000,
      world.heard(() => came++),
    );
    world.sys.timers.at(
      -1,
      world.heard(() => came++),
    );
    expect(came).toBe(0);
    await world.until(() => came === 2, 'two timers have come');
  });

  test('a timer made inside another comes too', async (world) => {
    let came = false;
    const { timers, clock: time } = world.sys;
    timers.at(time.monotonicMs(), () => {
      timers.at(
        time.monotonicMs(),
        world.heard(() => {
          came = true;
        }),
      );
      expect(came).toBe(false);
    });
    await world.until(() => came, 'the inner timer has come');
  });

  test('a timer that is cancelled never comes, however often that is said', async (world) => {
    const { timers, clock: time } = world.sys;
    const nowMs = time.monotonicMs();
    const came: string[] = [];
    const cancel = timers.at(nowMs + 5, () => came.push('cancelled'));
    const inTime = timers.at(nowMs + 15, () => came.push('cancelled by a timer'));
    timers.at(nowMs + 10, () => inTime());
    cancel();
    cancel();
    const last = timers.at(
      nowMs + 20,
      world.heard(() => came.push('last')),
    );
    await world.until(() => came.length > 0, 'the last timer has come');
    last();
    inTime();
    expect(came).toEqual(['last']);
  });

  test('the monotonic clock never goes back, and the other one counts from 1970', (world) => {
    const { clock: time } = world.sys;
    const first = time.monotonicMs();
    expect(time.monotonicMs()).toBeGreaterThanOrEqual(first);
    expect(time.realtimeNs()).toBeGreaterThan(1_600_000_000_000_000_000n);
    expect(time.realtimeNs()).toBeLessThan(4_000_000_000_000_000_000n);
  });

  test('chance is at least 0, below 1, and not always the same', (world) => {
    const numbers = Array.from({ length: 100 }, world.sys.chance);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(90);
  });
}
