import type { End } from '../../supervisor/state.ts';
import type { Cancel, Sys } from '../../sys/sys.ts';

/**
 * Follows a main process that is not the one that was spawned (`MAINPID`, a pid file). Where the kernel
 * does not tell how it ended, the keeper may: an orphan of the tree is reaped by it.
 */
export function followMain(sys: Sys, pid: number, ended: (end: End) => void): Cancel {
  const lastWord = (end: End): End =>
    end.kind === 'unknown' ? (sys.keeper.orphanEnd(pid)?.end ?? end) : end;
  const pidfd = sys.pidfds.open(pid);
  if (!pidfd.ok) {
    return sys.timers.at(sys.clock.monotonicMs(), () => {
      ended(lastWord({ kind: 'unknown' }));
    });
  }
  const stop = sys.pidfds.watch(pidfd.value, (end) => {
    sys.descriptors.close(pidfd.value);
    isOver = true;
    ended(lastWord(end));
  });
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    stop();
    sys.descriptors.close(pidfd.value);
  };
}
