import { readFileSync } from 'node:fs';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { native, NATIVE_EVENT } from '../native.ts';
import type { Pidfds, ProcessEnd, SysError } from '../sys.ts';
import { consumptionOfProcesses } from './consumption.ts';
import { mustSucceed, nativeError, nativeResult } from './native-error.ts';
import { leaveSlot, occupySlot } from './reactor.ts';
import { thrownError } from './thrown-error.ts';
import { commandOf, processName, programOf } from './process-facts.ts';
import { memberOf } from './tree-members.ts';

/**
 * How long the reaping of a process is waited for where only that can tell its exit code. A parent
 * that takes longer may never do it, and its end must not be kept from those who wait for it.
 */
const REAPING_MS = 2000;

/** `enum end_kind` of native/helper/process.c. */
function endOf(kind: number, value: number): ProcessEnd {
  if (kind === 1) return { kind: 'exited', code: value };
  if (kind === 2 || kind === 3) return { kind: 'signalled', signal: value, core: kind === 3 };
  return { kind: 'unknown' };
}

/** `Sys.pidfds` over the helper; docs/helper.org, "How a process ended". */
export const realPidfds: Pidfds = {
  open: (pid) => nativeResult(native.openPidfd(pid)),

  pidOf: (pidfd) => nativeResult(native.pidOfPidfd(pidfd)),

  nameOf(pid) {
    try {
      // Any bytes but NUL: a character for each.
      return processName(pid, readFileSync(`/proc/${pid}/comm`, 'latin1'));
    } catch (error) {
      thrownError(error);
      return undefined;
    }
  },

  programOf: (pid) => ({ exe: programOf(pid), command: commandOf(pid) }),

  member(pid, done) {
    void memberOf(pid).then(done);
  },

  consumption: consumptionOfProcesses,

  signal(pidfd, signal): Result<undefined, SysError> {
    const error = nativeError(native.signalPidfd(pidfd, signal));
    return error === undefined ? ok(undefined) : err(error);
  },

  watch(pidfd, ended) {
    const slot = mustSucceed(native.watchProcess(pidfd));
    let isOver = false;
    let patience: NodeJS.Timeout | undefined;
    const stop = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(patience);
      leaveSlot(slot);
      native.unwatchProcess(slot);
    };
    occupySlot(slot, (event, kind, value) => {
      if (event === NATIVE_EVENT.UNREAPED) {
        patience = setTimeout(() => {
          stop();
          ended({ kind: 'unknown' });
        }, REAPING_MS);
        return;
      }
      isOver = true;
      clearTimeout(patience);
      leaveSlot(slot);
      ended(endOf(kind, value));
    });
    return stop;
  },
};
