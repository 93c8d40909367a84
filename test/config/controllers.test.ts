import { describe, expect, it } from 'vitest';
import type { Controller, WhyNoController } from '../../src/base/controllers.ts';
import { fileOf, linesAbout, load, unitOf } from './rig.ts';

const LIMITS = 'memory-max: 500M\ncpu-max: 150%\npids-max: 100';

/** The complaints about a unit of these keys, on a machine without these controllers. */
async function lines(
  keys: string,
  without: Partial<Record<Controller, WhyNoController>>,
): Promise<readonly string[]> {
  return linesAbout(fileOf(keys), undefined, without);
}

describe('limits by controllers', () => {
  it('are read where the controllers can be had', async () => {
    const { limits } = await unitOf(LIMITS);
    const all = { memoryMaxBytes: 500 * 2 ** 20, cpuMaxPercent: 150, pidsMax: 100 };
    expect(limits).toEqual({ ...all, enforcement: 'required' });
  });

  it('are complained about one by one where they cannot, each at its key with what is to be done', async () => {
    expect(await lines(LIMITS, { memory: { kind: 'version-1' }, pids: { kind: 'unmounted' } })).toEqual([
      'archon.yaml:4:5: units.web.memory-max: it needs the memory controller of cgroup2, which cannot be had: ' +
        'the kernel has it in a hierarchy of version 1; start the machine with ' +
        'systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all, or say limits: best-effort to do without it',
      'archon.yaml:6:5: units.web.pids-max: it needs the pids controller of cgroup2, which cannot be had: ' +
        'no cgroup2 is mounted here; mount it (mount -t cgroup2 none /sys/fs/cgroup), ' +
        'or say limits: best-effort to do without it',
    ]);
  });

  it.each<[WhyNoController, string]>([
    [{ kind: 'absent' }, 'the kernel has none, or it is switched off; start a kernel that has it'],
    [
      { kind: 'not-given', folder: '/sys/fs/cgroup/a' },
      '/sys/fs/cgroup/a is not given it; have it delegated (Delegate=yes under systemd)',
    ],
    [
      { kind: 'closed', folder: '/sys/fs/cgroup/a' },
      'this user may not give it on in /sys/fs/cgroup/a; have',
    ],
    [
      { kind: 'inhabited', folder: '/sys/fs/cgroup/a' },
      'there are other processes in /sys/fs/cgroup/a; start',
    ],
    [{ kind: 'minders' }, 'trees are kept together by minders here, not by cgroups; start archond where'],
    [{ kind: 'unlimited' }, 'the keeper that runs is of an earlier version; bring the supervisor down'],
  ])('say what is in the way: %j', async (why, said) => {
    const [line = '', ...others] = await lines('cpu-max: 50%', { cpu: why });
    expect(others).toEqual([]);
    expect(line).toContain(`the cpu controller of cgroup2, which cannot be had: ${said}`);
  });

  it('are no matter where a unit does without, has none, or has said none', async () => {
    const without = {
      memory: { kind: 'absent' },
      cpu: { kind: 'absent' },
      pids: { kind: 'absent' },
    } as const;
    const text = fileOf(`${LIMITS}\nlimits: best-effort`);
    const loaded = await load(text, undefined, without);
    expect(loaded.units[0]?.limits).toMatchObject({ pidsMax: 100, enforcement: 'best-effort' });
    await load(fileOf('memory-max: none\ncpu-max: none\npids-max: none'), undefined, without);
    await load(fileOf('nice: 3'), undefined, without);
  });

  it.each([
    ['memory-max: 500', "expected none, or a size of at least 64K, such as 500M, found '500'"],
    ['memory-max: 0', "expected none, or a size of at least 64K, such as 500M, found '0'"],
    ['cpu-max: 0.05%', "expected none, or a percentage of at least 0.1%, such as 90%, found '0.05%'"],
    ['cpu-max: 50', "expected none, or a percentage of at least 0.1%, such as 90%, found '50'"],
    ['pids-max: 0', "expected none, or a whole number from 1 to 4194304, found '0'"],
  ])('out of their range are complained about: %s', async (keys, said) => {
    expect(await lines(keys, {})).toEqual([
      `archon.yaml:4:${keys.indexOf(' ') + 6}: units.web.${keys.split(':')[0] ?? ''}: ${said}`,
    ]);
  });
});
