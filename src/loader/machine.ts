import type { Controller, WhyNoController } from '../base/controllers.ts';
import type { ConfigSystem } from '../config/system.ts';
import type { TreesPlace } from '../sys/limits.ts';
import { whyWithout } from '../sys/real/controllers.ts';
import { reading } from '../sys/real/reading.ts';
import { realUsers } from '../sys/real/users.ts';

/**
 * The files, users, groups and controllers of this machine, for a supervisor of the calling user.
 *
 * @param trees where the trees of that supervisor are, which decides what can limit them
 */
export function machine(trees: TreesPlace): ConfigSystem {
  const known = new Map<Controller, WhyNoController | undefined>();
  return {
    ...reading,
    ...realUsers,
    whyWithout(controller) {
      if (!known.has(controller)) known.set(controller, whyWithout(controller, trees));
      return known.get(controller);
    },
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  };
}
