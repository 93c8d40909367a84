import { accessSync, constants, readFileSync } from 'node:fs';

/** Whether this process may make cgroups (version 2) below its own. */
export function canMakeCgroups(): boolean {
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(' - cgroup2 '));
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (mounted === undefined || own === undefined) return false;
  try {
    accessSync(`${mounted.split(' ')[4] ?? ''}${own}`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
