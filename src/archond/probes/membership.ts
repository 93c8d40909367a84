import type { ProcessRef, Sys } from '../../sys/sys.ts';

/**
 * Whether a process belongs to the tree of a spawn: the main process at once, others by what the tree
 * holds now. A process that has ended cannot be told to have belonged to it: `done` gets false then.
 */
export function belongs(
  sys: Sys,
  ref: ProcessRef,
  mainPid: number | undefined,
  pid: number,
  done: (isMember: boolean) => void,
): void {
  if (pid <= 0) done(false);
  else if (pid === mainPid) done(true);
  else {
    sys.keeper.members(ref, (members) => {
      done(members.some((member) => member.pid === pid));
    });
  }
}
