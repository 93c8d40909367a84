import { describe, expect, test } from 'vitest';
import type { DiskCall } from '../../src/sys/fake/disk.ts';
import { DIR, event, FALLBACK_DIR, limits, Rig, RUNTIME_DISK, STATE_DISK } from './rig.ts';

/** A journal with one event and one value in it. */
function used(more: Partial<Parameters<typeof limits>[0]> = {}): Rig {
  const rig = new Rig();
  rig.limits = limits(more);
  rig.killAndOpen();
  rig.append('before');
  rig.journal.remember('unit', 'web', 'before');
  rig.journal.flush();
  return rig;
}

const SEGMENT = `${DIR}/0000000001.journal`;

/** Every way in which a disk can fail, and the errno that is told. */
const FAILURES: readonly (readonly [string, string, (rig: Rig) => () => void])[] = [
  ['is full', 'ENOSPC', (rig) => rig.disk.limit(STATE_DISK, 0)],
  ['is full after a part of the line', 'ENOSPC', (rig) => rig.disk.limit(STATE_DISK, 17)],
  ['is full after a line and a part of the next', 'ENOSPC', (rig) => rig.disk.limit(STATE_DISK, 70)],
  [
    'is full and cannot even be cut',
    'ENOSPC',
    (rig) => all(rig.disk.limit(STATE_DISK, 17), failing(rig, 'EIO', 'ftruncate')),
  ],
  ['is read-only', 'EROFS', (rig) => rig.disk.makeReadOnly(STATE_DISK)],
  ['fails', 'EIO', (rig) => rig.disk.fail(STATE_DISK, 'EIO')],
  ['has a quota', 'EDQUOT', (rig) => failing(rig, 'EDQUOT', 'write')],
];

function failing(rig: Rig, code: string, ...calls: DiskCall[]): () => void {
  return rig.disk.fail(STATE_DISK, code, calls);
}

function all(...repairs: (() => void)[]): () => void {
  return () => {
    for (const repair of repairs) repair();
  };
}

describe.each(FAILURES)('a state folder whose disk %s', (_, code, begin) => {
  test('is said once, and nothing is lost when it comes back', () => {
    const rig = used();
    const { journalId } = rig.journal;
    const repair = begin(rig);
    rig.append('one', 'two');
    rig.journal.remember('unit', 'web', 'meanwhile');
    rig.journal.flush();
    rig.append('three');
    rig.journal.flush();
    rig.retry(3);
    expect(rig.reports).toMatchObject([{ kind: 'degraded', error: { code }, place: 'runtime' }]);
    expect(rig.health).toBe(`${code} runtime`);
    // A disk that fails altogether cannot be read meanwhile.
    const first = code === 'EIO' ? 'gap' : '1 before';
    expect(rig.lines()).toEqual([first, '2 one', '3 two', '4 three']);
    repair();
    rig.retry();
    expect(rig.reports.slice(1)).toEqual([{ kind: 'recovered', late: [], setAside: [] }]);
    expect([rig.health, rig.journal.journalId]).toEqual(['well', journalId]);
    expect(rig.segments(FALLBACK_DIR)).toEqual([]);
    rig.append('after');
    expect(rig.lines({ after: 0 })).toEqual(['1 before', '2 one', '3 two', '4 three', '5 after']);
    expect(rig.killAndOpen()).toMatchObject({ journalId, lastSequence: 5 });
    expect(rig.remembered()).toEqual(['unit/web="meanwhile"']);
    expect(rig.lines()).toEqual(['1 before', '2 one', '3 two', '4 three', '5 after']);
  });

  test('does not keep archond, killed meanwhile, from going on with the same numbers', () => {
    const rig = used();
    const repair = begin(rig);
    rig.append('one');
    rig.journal.forget('unit', 'web');
    rig.journal.remember('wish', 'db', 'up');
    rig.journal.flush();
    expect(rig.killAndOpen()).toMatchObject({ lastSequence: 2 });
    expect(rig.remembered()).toEqual(['wish/db="up"']);
    expect(rig.health).toBe(`${code} runtime`);
    rig.append('two');
    expect(rig.lines().slice(-2)).toEqual(['2 one', '3 two']);
    repair();
    rig.retry();
    expect(rig.lines()).toEqual(['1 before', '2 one', '3 two']);
    expect(rig.killAndOpen()).toMatchObject({ idChange: undefined, lastSequence: 3 });
    expect(rig.remembered()).toEqual(['wish/db="up"']);
  });

  test('is caught up by the next archond too', () => {
    const rig = used();
    const repair = begin(rig);
    rig.append('one', 'two');
    rig.journal.flush();
    rig.kill();
    repair();
    expect(rig.open()).toMatchObject({ lastSequence: 3 });
    expect([rig.health, rig.segments(FALLBACK_DIR)]).toEqual(['well', []]);
    expect(rig.lines()).toEqual(['1 before', '2 one', '3 two']);
  });

  test('stays bearable where the runtime folder is as bad: what comes is kept in memory', () => {
    const rig = used();
    const repair = begin(rig);
    const repairRuntime = rig.disk.limit(RUNTIME_DISK, 0);
    rig.append('one', 'two');
    rig.journal.remember('unit', 'web', 'meanwhile');
    rig.journal.flush();
    expect(rig.health).toBe(`${code} memory`);
    expect(rig.lines().at(-1)).toBe('3 two');
    repairRuntime();
    rig.retry();
    expect(rig.health).toBe(`${code} runtime`);
    rig.append('three');
    rig.journal.flush();
    repair();
    rig.retry(2);
    expect(rig.health).toBe('well');
    expect(rig.lines({ after: 0 })).toEqual(['1 before', '2 one', '3 two', '4 three']);
    expect(rig.reports.map(({ kind }) => kind)).toEqual(['degraded', 'recovered']);
    expect(rig.killAndOpen()).toMatchObject({ idChange: undefined, lastSequence: 4 });
    expect(rig.remembered()).toEqual(['unit/web="meanwhile"']);
  });

  test('is no obstacle to a start: what is known is read, and the journal goes on elsewhere', () => {
    const rig = used();
    rig.kill();
    const repair = begin(rig);
    rig.open();
    const isRead = code !== 'EIO';
    expect(rig.found.lastSequence).toBe(isRead ? 1 : 0);
    rig.append('one', 'two', 'three');
    rig.journal.flush();
    expect(rig.health).toBe(`${code} runtime`);
    repair();
    rig.retry();
    expect(rig.health).toBe('well');
    const numbers = isRead
      ? ['1 before', '2 one', '3 two', '4 three']
      : ['1 before', '1 one', '2 two', '3 three'];
    expect(rig.lines()).toEqual(numbers);
    rig.killAndOpen();
    expect(rig.remembered()).toEqual(['unit/web="before"']);
  });
});

describe('a journal that is degraded', () => {
  test('tries again after a second, then less and less often, and at once where it is told of something', () => {
    const rig = used();
    rig.disk.makeReadOnly(STATE_DISK);
    rig.append('one');
    rig.journal.flush();
    const delays: number[] = [];
    for (let time = 0; time < 9; time += 1) {
      const nowMs = rig.control.nowMs();
      const atMs = rig.journal.retry(nowMs);
      delays.push(Math.round(atMs - nowMs));
      rig.control.advanceTo(atMs);
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
  });

  test('does not begin anew with its delays when a disk fails again and again', () => {
    const rig = used();
    const delays: number[] = [];
    for (let time = 0; time < 4; time += 1) {
      const repair = rig.disk.fail(STATE_DISK, 'EIO', ['write']);
      rig.append('x');
      rig.journal.flush();
      const nowMs = rig.control.nowMs();
      delays.push(Math.round(rig.journal.retry(nowMs) - nowMs));
      repair();
      rig.retry();
      expect(rig.health).toBe('well');
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000]);
    rig.retry(2);
    rig.disk.fail(STATE_DISK, 'EIO', ['write']);
    rig.append('x');
    rig.journal.flush();
    expect(Math.round(rig.journal.retry(rig.control.nowMs()) - rig.control.nowMs())).toBe(1000);
  });

  test('may be told of by events of its own', () => {
    const rig = used();
    rig.kill();
    rig.open();
    const told = rig.reports;
    told.push = (...reports) => {
      for (const report of reports) rig.append(`supervisor: ${report.kind}`);
      return 0;
    };
    const repair = rig.disk.limit(STATE_DISK, 0);
    rig.append('one');
    rig.journal.flush();
    repair();
    rig.retry();
    expect(rig.lines()).toEqual(['1 before', '2 one', '3 supervisor: degraded', '4 supervisor: recovered']);
    expect(rig.killAndOpen().lastSequence).toBe(4);
  });

  test('says that nothing is safe from a loss of power, and why', () => {
    const rig = used();
    const repair = rig.disk.makeReadOnly(STATE_DISK);
    rig.append('one');
    expect(rig.sync()).toBe('EROFS');
    repair();
    rig.retry();
    expect(rig.sync()).toBe('ok');
    rig.rebootAndOpen();
    expect(rig.lines()).toEqual(['1 before', '2 one']);
  });

  test('that cannot sync is degraded, and goes on from what it has', () => {
    const rig = used();
    const repair = rig.disk.fail(STATE_DISK, 'EIO', ['fdatasync']);
    rig.append('one');
    expect(rig.sync()).toBe('EIO');
    expect(rig.health).toBe('EIO runtime');
    repair();
    rig.retry();
    expect([rig.health, rig.sync()]).toEqual(['well', 'ok']);
    expect(rig.lines({ after: 0 })).toEqual(['1 before', '2 one']);
  });

  test('that cannot sync a name that it made is degraded too', () => {
    const rig = used({ segmentBytes: 1 });
    rig.disk.fail(STATE_DISK, 'EIO', ['fsync']);
    rig.append('one');
    rig.journal.flush();
    rig.control.settle();
    expect(rig.health).toBe('EIO runtime');
  });

  test('loses of what memory cannot hold the oldest events, never a value, and says so by a gap', () => {
    const rig = used();
    rig.limits = { ...limits(), memory: { ...limits().memory, segmentBytes: 2000, retainBytes: 5000 } };
    rig.closeAndOpen();
    const repairs = [rig.disk.limit(STATE_DISK, 0), rig.disk.limit(RUNTIME_DISK, 0)];
    for (let number = 2; number <= 500; number += 1) {
      rig.append(`number ${number}`);
      rig.journal.remember('unit', `key ${number % 7}`, number);
      rig.journal.flush();
    }
    const first = rig.journal.firstKept();
    expect(first).toBeGreaterThan(400);
    for (const repair of repairs) repair();
    rig.retry();
    expect(rig.health).toBe('well');
    expect(rig.journal.firstKept()).toBe(first);
    const lines = rig.lines();
    expect(lines.slice(0, 3)).toEqual(['1 before', 'gap', `${first} number ${first}`]);
    expect(lines).toHaveLength(2 + 501 - first);
    rig.killAndOpen();
    expect(rig.found).toMatchObject({ lastSequence: 500, idChange: undefined });
    expect(rig.remembered()).toHaveLength(8);
    expect(rig.remembered()).toContain('unit/key 3=500');
  });

  test('needs no more of the runtime folder than it may have', () => {
    const rig = used();
    rig.limits = { ...limits(), runtime: { ...limits().runtime, segmentBytes: 2000, retainBytes: 8000 } };
    rig.closeAndOpen();
    rig.disk.limit(STATE_DISK, 0);
    for (let number = 0; number < 500; number += 1) {
      rig.append('x');
      rig.journal.flush();
    }
    const bytes = rig.segments(FALLBACK_DIR).reduce((sum, path) => sum + rig.bytes(path).length, 0);
    expect(bytes).toBeLessThan(8000 + 2200);
  });

  test('catches up over several segments, in their order, also where it is stopped in the middle', () => {
    const rig = used({ segmentBytes: 300 });
    const repair = rig.disk.makeReadOnly(STATE_DISK);
    for (let number = 2; number <= 30; number += 1) {
      rig.append(`number ${number}`);
      rig.journal.flush();
    }
    const before = rig.segments(FALLBACK_DIR).length;
    expect(before).toBeGreaterThan(3);
    repair();
    const room = rig.disk.limit(STATE_DISK, 1000);
    rig.retry();
    expect(rig.health).toBe('EROFS runtime');
    expect(rig.segments(FALLBACK_DIR).length).toBeLessThan(before);
    expect(rig.segments(FALLBACK_DIR).length).toBeGreaterThan(0);
    const wanted = ['1 before', ...Array.from({ length: 29 }, (_, at) => `${at + 2} number ${at + 2}`)];
    expect(rig.lines({ after: 0 })).toEqual(wanted);
    room();
    rig.retry();
    expect([rig.health, rig.segments(FALLBACK_DIR)]).toEqual(['well', []]);
    expect(rig.lines({ after: 0 })).toEqual(wanted);
    rig.killAndOpen();
    expect(rig.lines({ after: 0 })).toEqual(wanted);
  });

  test('doubles nothing when archond dies between the two steps of catching up', () => {
    const rig = used({ segmentBytes: 300 });
    const repair = rig.disk.makeReadOnly(STATE_DISK);
    for (let number = 2; number <= 9; number += 1) {
      rig.append(`number ${number}`);
      rig.journal.flush();
    }
    // What cannot be removed looks like a death before it was removed.
    const stuck = rig.disk.fail(RUNTIME_DISK, 'EIO', ['unlink']);
    repair();
    rig.retry();
    expect(rig.health).toBe('well');
    expect(rig.segments(FALLBACK_DIR)).not.toEqual([]);
    const wanted = ['1 before', ...Array.from({ length: 8 }, (_, at) => `${at + 2} number ${at + 2}`)];
    rig.kill();
    stuck();
    rig.open();
    expect(rig.segments(FALLBACK_DIR)).toEqual([]);
    expect(rig.lines()).toEqual(wanted);
    expect(rig.found.lastSequence).toBe(9);
  });

  test('leaves nothing half-made behind in a disk that is full', () => {
    const rig = used({ segmentBytes: 100 });
    rig.journal.remember('unit', 'large', 'x'.repeat(5000));
    rig.journal.flush();
    rig.disk.limit(STATE_DISK, 3000);
    rig.append('one', 'two', 'three');
    rig.journal.flush();
    rig.append('four');
    rig.journal.flush();
    rig.retry(3);
    expect(rig.health).toBe('ENOSPC runtime');
    expect(rig.paths(STATE_DISK).filter((path) => path.endsWith('.new'))).toEqual([]);
  });
});

describe('a journal whose records are not flushed', () => {
  test('writes before there is much of them', () => {
    const rig = used();
    for (let number = 0; number < 400; number += 1) {
      rig.journal.append(event('x', { details: [['text', 'y'.repeat(1000)]] }));
    }
    expect(rig.bytes(SEGMENT).length).toBeGreaterThan(200_000);
  });

  test('makes nothing of them known when archond dies', () => {
    const rig = used();
    rig.append('never told');
    rig.journal.remember('unit', 'web', 'never told');
    expect(rig.killAndOpen().lastSequence).toBe(1);
    expect(rig.remembered()).toEqual(['unit/web="before"']);
  });

  test('takes no more of them once it is closed', () => {
    const rig = used();
    rig.close();
    expect(() => rig.append('x')).toThrow('the journal is closed');
    expect(() => rig.journal.remember('unit', 'web', 1)).toThrow('the journal is closed');
    expect(() => rig.journal.flush()).toThrow('the journal is closed');
    expect(rig.lines()).toEqual(['1 before']);
  });
});
