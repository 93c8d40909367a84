import type { Cancel, ProcessRef, Sys } from '../../sys/sys.ts';
import { belongs } from './membership.ts';

/** More than any pid has digits, with what editors leave around them. */
const MOST_BYTES = 64;

/**
 * Looks for the main process of a program that has put itself into the background: `found` gets the pid that
 * the file names as soon as it names one of the unit's tree; until then it is looked at again.
 */
export function findMain(
  sys: Sys,
  ref: ProcessRef | undefined,
  file: string,
  everyMs: number,
  found: (pid: number) => void,
): Cancel {
  let isOver = false;
  let cancelTimer: Cancel = () => undefined;
  const later = (): void => {
    if (!isOver) cancelTimer = sys.timers.at(sys.clock.monotonicMs() + everyMs, look);
  };
  const look = (): void => {
    const pid = pidIn(sys, file);
    if (pid === undefined || ref === undefined) {
      later();
      return;
    }
    belongs(sys, ref, undefined, pid, (isMember) => {
      if (isOver) return;
      if (!isMember) {
        later();
        return;
      }
      isOver = true;
      found(pid);
    });
  };
  cancelTimer = sys.timers.at(sys.clock.monotonicMs(), look);
  return () => {
    isOver = true;
    cancelTimer();
  };
}

function pidIn(sys: Sys, file: string): number | undefined {
  const read = sys.files.read(file, 0, MOST_BYTES);
  if (!read.ok) return undefined;
  const text = Buffer.from(read.value).toString('latin1').trim();
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}
