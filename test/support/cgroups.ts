import { accessSync, constants, existsSync, readFileSync } from 'node:fs';

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

/** Why no tree of a supervisor that a test starts can be limited by controllers of cgroup2; undefined where they all can. */
export function whyUnlimited(): string | undefined {
  if (!canMakeCgroups()) return 'no cgroup can be made here';
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(' - cgroup2 '))
    ?.split(' ')[4];
  const has = readFileSync(`${mounted ?? ''}/cgroup.controllers`, 'utf8').split(/\s+/);
  const lacks = ['memory', 'cpu', 'pids'].filter((controller) => !has.includes(controller));
  if (lacks.length > 0) return `cgroup2 has no controller ${lacks.join(', ')} here`;
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  /* Elsewhere this very process is in the way: a cgroup with a process in it gives no controller on. */
  return own === '/' && !existsSync(`${mounted ?? ''}/cgroup.type`)
    ? undefined
    : 'the tests are in a cgroup of their own';
}
