import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cpuMaxOf, percentOf } from '../../../src/sys/real/cpu-max.ts';
import { whyWithout } from '../../../src/sys/real/controllers.ts';
import { killsIn } from '../../../src/sys/real/limits.ts';
import type { TreesPlace } from '../../../src/sys/limits.ts';

const MOUNT = '/sys/fs/cgroup';
const HOME = `${MOUNT}/service`;
const PLACE: TreesPlace = { kind: 'below', folder: `${HOME}/archon-1` };

let root = '';
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'archon-controllers-'));
  write(
    '/proc/self/mountinfo',
    `24 1 0:22 / /proc rw - proc proc rw\n30 23 0:26 / ${MOUNT} rw,nosuid - cgroup2 cgroup2 rw\n`,
  );
  write('/proc/cgroups', '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t9\t1\nmemory\t0\t9\t1\n');
  write(`${MOUNT}/cgroup.controllers`, 'cpu memory pids\n');
  cgroup(HOME, 'cpu memory pids');
  cgroup(`${HOME}/archon-1`, '');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(path.dirname(root + file), { recursive: true });
  writeFileSync(root + file, text);
}

function cgroup(folder: string, controllers: string, processes = ''): void {
  write(`${folder}/cgroup.type`, 'domain\n');
  write(`${folder}/cgroup.controllers`, `${controllers}\n`);
  write(`${folder}/cgroup.procs`, processes);
  write(`${folder}/cgroup.subtree_control`, '\n');
}

describe('whether a controller can be had', () => {
  it('is so where the cgroup of the supervisor is given it and has no process', () => {
    expect(whyWithout('memory', PLACE, root)).toBeUndefined();
  });

  it('is so where the cgroup of the trees has it already, whoever is above', () => {
    cgroup(`${HOME}/archon-1`, 'memory');
    cgroup(HOME, 'cpu memory pids', '17\n');
    expect(whyWithout('memory', PLACE, root)).toBeUndefined();
    expect(whyWithout('cpu', PLACE, root)).toEqual({ kind: 'inhabited', folder: HOME });
  });

  it('is so in the root of all cgroups, which may have processes', () => {
    write(`${MOUNT}/cgroup.procs`, '1\n2\n');
    write(`${MOUNT}/cgroup.subtree_control`, '\n');
    cgroup(`${MOUNT}/archon-1`, '');
    expect(whyWithout('pids', { kind: 'below', folder: `${MOUNT}/archon-1` }, root)).toBeUndefined();
  });

  it('is not so where the cgroup of the supervisor is not given it', () => {
    cgroup(HOME, 'cpu');
    expect(whyWithout('memory', PLACE, root)).toEqual({ kind: 'not-given', folder: HOME });
  });

  it('is not so where nothing may be given on', () => {
    rmSync(`${root}${HOME}/cgroup.subtree_control`);
    expect(whyWithout('memory', PLACE, root)).toEqual({ kind: 'closed', folder: HOME });
  });

  it('is not so where version 1 has it, or nobody, or nothing is mounted', () => {
    write(`${MOUNT}/cgroup.controllers`, 'hugetlb\n');
    expect(whyWithout('memory', PLACE, root)).toEqual({ kind: 'absent' });
    write('/proc/cgroups', '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t9\t1\n');
    expect(whyWithout('memory', PLACE, root)).toEqual({ kind: 'version-1' });
    write('/proc/self/mountinfo', '24 1 0:22 / /proc rw - proc proc rw\n');
    expect(whyWithout('memory', PLACE, root)).toEqual({ kind: 'unmounted' });
  });

  it('is judged by the mount where no supervisor is there yet', () => {
    rmSync(`${root}${HOME}`, { recursive: true });
    expect(whyWithout('memory', { kind: 'unknown' }, root)).toBeUndefined();
    write(`${MOUNT}/cgroup.controllers`, 'cpu\n');
    expect(whyWithout('memory', { kind: 'unknown' }, root)).toEqual({ kind: 'absent' });
  });

  it('is not so with minders, nor with a keeper that knows no limits', () => {
    expect(whyWithout('memory', { kind: 'minders' }, root)).toEqual({ kind: 'minders' });
    expect(whyWithout('memory', { kind: 'unlimited' }, root)).toEqual({ kind: 'unlimited' });
  });
});

describe('the files of a cgroup', () => {
  it.each([
    [90, 90_000, 100_000],
    [250, 250_000, 100_000],
    [1, 1000, 100_000],
    [0.5, 5000, 1_000_000],
    [0.1, 1000, 1_000_000],
  ])('%d%% of a processor are a quota of %d in a period of %d', (percent, quotaUs, periodUs) => {
    expect(cpuMaxOf(percent)).toEqual({ quotaUs, periodUs });
    expect(percentOf(`${quotaUs} ${periodUs}\n`)).toBeCloseTo(percent);
  });

  it('without a quota say nothing of a share', () => {
    expect(percentOf('max 100000\n')).toBeUndefined();
  });

  it('tell how many were killed, and whether by their own limit', () => {
    const events = (oom: number, kill: number): string =>
      `low 0\nhigh 0\nmax 7\noom ${oom}\noom_kill ${kill}\noom_group_kill 0\n`;
    write('/events', events(1, 2));
    expect(killsIn(`${root}/events`)).toEqual({ processes: 2, isOwnLimit: true });
    write('/events', events(0, 1));
    expect(killsIn(`${root}/events`)).toEqual({ processes: 1, isOwnLimit: false });
    expect(killsIn(`${root}/nothing`)).toEqual({ processes: 0, isOwnLimit: false });
  });
});
