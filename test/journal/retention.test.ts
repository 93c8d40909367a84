import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/journal/stores.ts';
import { DIR, event, limits, Rig, STATE_DISK } from './rig.ts';

const DAY_MS = 86_400_000;

/** Appends so many events, one a flush, and lets what comes of it happen. */
function fill(rig: Rig, count: number): void {
  for (let number = 0; number < count; number += 1) {
    rig.append('x'.repeat(50));
    rig.journal.flush();
    rig.control.settle();
  }
}

/** The same with a segment for each. */
function fillSegments(rig: Rig, count: number): void {
  for (let number = 0; number < count; number += 1) {
    rig.appendLarge('x');
    rig.journal.flush();
    rig.control.settle();
  }
}

function withLimits(more: Parameters<typeof limits>[0]): Rig {
  const rig = new Rig();
  rig.limits = limits(more);
  rig.killAndOpen();
  return rig;
}

function totalBytes(rig: Rig): number {
  return rig.segments().reduce((sum, path) => sum + rig.bytes(path).length, 0);
}

describe('what is kept', () => {
  test('is no more than it may be, by size', () => {
    const rig = withLimits({ segmentBytes: 1000, retainBytes: 10_000 });
    fill(rig, 1000);
    expect(totalBytes(rig)).toBeLessThanOrEqual(10_000 + 1200);
    expect(totalBytes(rig)).toBeGreaterThan(8000);
    const first = rig.journal.firstKept();
    expect(first).toBeGreaterThan(800);
    expect(rig.lines({ after: first - 1 })).toHaveLength(1001 - first);
    expect(rig.lines()).toEqual(rig.lines({ after: first - 1 }));
  });

  test('says when it begins, and whether anything was before', () => {
    const rig = withLimits({ segmentBytes: 1000, retainBytes: 10_000 });
    const beginningNs = rig.journal.keptSinceNs();
    expect(rig.journal.keptFromFirst()).toBe(true);
    rig.control.advanceMs(1000);
    fill(rig, 1000);
    expect(rig.journal.keptFromFirst()).toBe(false);
    const [oldest] = rig.query();
    const keptNs = rig.journal.keptSinceNs() ?? 0n;
    expect(keptNs).toBeGreaterThan(beginningNs ?? 0n);
    expect(oldest !== undefined && oldest !== 'gap' && keptNs <= oldest.timeNs).toBe(true);
  });

  test('is no more than it may be, by number', () => {
    const rig = withLimits({ segmentBytes: 100, retainSegments: 5 });
    fill(rig, 100);
    expect(rig.segments()).toHaveLength(5);
  });

  test('is no older than it may be', () => {
    const rig = withLimits({ segmentBytes: 200, retainMs: 10 * DAY_MS });
    for (let day = 0; day < 30; day += 1) {
      fill(rig, 4);
      rig.control.advanceMs(DAY_MS);
    }
    const oldest = rig.query()[0] ?? 'gap';
    const ageMs = oldest === 'gap' ? 0 : Number(rig.sys.clock.realtimeNs() - oldest.timeNs) / 1e6;
    expect(ageMs).toBeGreaterThan(9 * DAY_MS);
    expect(ageMs).toBeLessThan(13 * DAY_MS);
  });

  test('is no older than it may be where nothing happens any more', () => {
    const rig = withLimits({ segmentBytes: 400, retainMs: 10 * DAY_MS });
    rig.journal.remember('unit', 'web', 'up');
    fill(rig, 20);
    expect(rig.segments().length).toBeGreaterThan(2);
    const look = (): void => {
      rig.control.advanceMs(DAY_MS);
      rig.journal.retry(rig.sys.clock.monotonicMs());
      rig.control.settle();
    };
    for (let day = 0; day < 9; day += 1) look();
    expect(rig.lines({ after: 0 })).toHaveLength(20);
    for (let day = 0; day < 2; day += 1) look();
    expect(rig.segments()).toHaveLength(1);
    expect(rig.query()).toEqual([]);
    expect([rig.journal.firstKept(), rig.journal.lastSequence]).toEqual([21, 20]);
    /* And then it is left alone. */
    const before = rig.segments();
    for (let day = 0; day < 30; day += 1) look();
    expect(rig.segments()).toEqual(before);
    expect(rig.killAndOpen()).toMatchObject({ lastSequence: 20, idChange: undefined });
    expect(rig.remembered()).toEqual(['unit/web="up"']);
    rig.append('again');
    expect(rig.lines({ after: 20 })).toHaveLength(1);
  });

  test('gets a segment of its own each day, so that age can be told', () => {
    const rig = withLimits({ segmentMs: DAY_MS });
    for (let day = 0; day < 10; day += 1) {
      fill(rig, 3);
      rig.control.advanceMs(DAY_MS);
    }
    expect(rig.segments().length).toBeGreaterThan(4);
    expect(rig.lines({ after: 0 })).toHaveLength(30);
  });

  test('is at least the newest segment, whatever the limits', () => {
    const rig = withLimits({ segmentBytes: 1, retainBytes: 0, retainMs: 0, retainSegments: 0 });
    rig.journal.remember('unit', 'web', 'up');
    fillSegments(rig, 20);
    expect(rig.segments()).toHaveLength(1);
    expect(rig.journal.firstKept()).toBe(20);
    expect(rig.killAndOpen()).toMatchObject({ lastSequence: 20, idChange: undefined });
    expect(rig.remembered()).toEqual(['unit/web="up"']);
  });

  test('is all that is remembered, however long ago', () => {
    const rig = withLimits({ segmentBytes: 300, retainBytes: 3000 });
    for (const key of ['a', 'b', 'c']) rig.journal.remember('enabled', key, true);
    fill(rig, 300);
    rig.journal.forget('enabled', 'b');
    fill(rig, 300);
    rig.killAndOpen();
    expect(rig.remembered()).toEqual(['enabled/a=true', 'enabled/c=true']);
  });

  test('is not removed before the newest checkpoint is on the disk', () => {
    const rig = withLimits({ segmentBytes: 300, retainSegments: 1 });
    rig.journal.remember('enabled', 'web', true);
    expect(rig.sync()).toBe('ok');
    for (let number = 0; number < 60; number += 1) {
      rig.append('x');
      rig.journal.flush();
    }
    // No answer of a sync has come yet.
    expect(rig.segments().length).toBeGreaterThan(5);
    rig.control.killArchond();
    rig.disk.losePower(STATE_DISK, (synced) => synced);
    rig.sys = rig.control.startArchond();
    rig.bootId = 'boot-2';
    rig.open();
    expect(rig.remembered()).toEqual(['enabled/web=true']);
  });

  test('includes a segment with a checkpoint larger than segments are to be, and not one for each record', () => {
    const rig = withLimits({ segmentBytes: 1000 });
    for (let number = 0; number < 100; number += 1)
      rig.journal.remember('unit', `unit ${number}`, 'y'.repeat(100));
    fill(rig, 400);
    expect(rig.segments().length).toBeLessThan(7);
    expect(rig.segments().length).toBeGreaterThan(2);
  });

  test('survives that a segment cannot be removed, or has gone by itself', () => {
    const rig = withLimits({ segmentBytes: 100, retainSegments: 3 });
    fillSegments(rig, 5);
    const repair = rig.disk.fail(DIR, 'EIO', ['unlink']);
    fillSegments(rig, 10);
    expect(rig.segments().length).toBeGreaterThan(8);
    repair();
    rig.control.kernel.files.remove(rig.segments()[1] ?? '');
    fillSegments(rig, 2);
    expect(rig.segments()).toHaveLength(3);
    expect(rig.health).toBe('well');
  });

  test('is 64 MiB, 30 days and 512 segments, and a start never reads more than 1 MiB and a checkpoint', () => {
    const { state, runtime, memory } = DEFAULT_LIMITS;
    expect(state).toEqual({
      segmentBytes: 1 << 20,
      segmentMs: DAY_MS,
      retainBytes: 64 << 20,
      retainMs: 30 * DAY_MS,
      retainSegments: 512,
    });
    expect([runtime.retainBytes, memory.retainBytes]).toEqual([16 << 20, 4 << 20]);
  });

  test('has the clocks of events in it, not the order: an event of the far future does not end a segment at once', () => {
    const rig = withLimits({ segmentMs: DAY_MS });
    const future = 4_000_000_000_000_000_000n;
    for (let number = 0; number < 10; number += 1) {
      rig.journal.append(event('future', { timeNs: future }));
      rig.journal.flush();
    }
    expect(rig.segments()).toHaveLength(1);
  });
});
