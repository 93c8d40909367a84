import type { Controller, WhyNoController } from '../base/controllers.ts';
import type { Complaint } from './complaint.ts';
import type { Instance } from './instances.ts';
import type { UnitSettings } from './schema/unit.ts';
import type { ConfigSystem } from './system.ts';
import { placeOf, showPath } from './tree.ts';

const KEYS = [
  ['memory-max', 'memory'],
  ['cpu-max', 'cpu'],
  ['pids-max', 'pids'],
] as const satisfies readonly (readonly [keyof UnitSettings, Controller])[];

/** Complaints about limits of a unit that cannot be enforced here, unless it says that it does without. */
export function controllerComplaints(
  { tree, declared }: Instance,
  settings: UnitSettings,
  system: Pick<ConfigSystem, 'whyWithout'>,
): readonly Complaint[] {
  if (settings.limits === 'best-effort') return [];
  return KEYS.flatMap(([key, controller]): Complaint[] => {
    const value = settings[key];
    const why = value === undefined || value === 'none' ? undefined : system.whyWithout(controller);
    if (why === undefined) return [];
    const [reason, remedy] = sentence(why);
    const message =
      `it needs the ${controller} controller of cgroup2, which cannot be had: ${reason}; ` +
      `${remedy}, or say limits: best-effort to do without it`;
    return [
      {
        kind: 'no-controller',
        place: placeOf(tree, [key]),
        key: showPath(['units', declared, key]),
        message,
      },
    ];
  });
}

/** What is wrong, and what is to be done about it. */
function sentence(why: WhyNoController): readonly [reason: string, remedy: string] {
  switch (why.kind) {
    case 'unmounted':
      return ['no cgroup2 is mounted here', 'mount it (mount -t cgroup2 none /sys/fs/cgroup)'];
    case 'version-1':
      return [
        'the kernel has it in a hierarchy of version 1',
        'start the machine with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all',
      ];
    case 'absent':
      return ['the kernel has none, or it is switched off', 'start a kernel that has it'];
    case 'not-given':
      return [`${why.folder} is not given it`, 'have it delegated (Delegate=yes under systemd)'];
    case 'closed':
      return [
        `this user may not give it on in ${why.folder}`,
        'have that cgroup delegated (Delegate=yes under systemd)',
      ];
    case 'inhabited':
      return [
        `there are other processes in ${why.folder}`,
        'start archond in a cgroup of its own (under systemd as a service with Delegate=yes)',
      ];
    case 'minders':
      return [
        'trees are kept together by minders here, not by cgroups',
        'start archond where cgroups can be made, without --tree minder',
      ];
    case 'unlimited':
      return [
        'the keeper that runs is of an earlier version',
        'bring the supervisor down and start it again',
      ];
  }
}
