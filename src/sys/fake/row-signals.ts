import { constants } from 'node:os';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Refusal, SignalScope } from '../sys.ts';
import { refusal } from './errno.ts';
import type { FakeKernel } from './kernel.ts';
import { type Row, STATE_ORDER } from './row.ts';

/**
 * Sends a signal to the main process of a spawn, to its group, or to all of its tree, and says to how
 * many, as native/keeper/tree.c does: a group counts as one, and so does a main process whose end
 * is not in the table yet. `ESRCH` for main and group once it is.
 */
export function signalRow(
  kernel: FakeKernel,
  row: Row | undefined,
  signal: number,
  scope: SignalScope,
): Result<number, Refusal> {
  if (row?.state === undefined || row.process === undefined) return err(refusal('ESRCH'));
  const main = row.process;
  if (scope !== 'tree' && STATE_ORDER[row.state] >= STATE_ORDER.exited) return err(refusal('ESRCH'));
  let sent = 0;
  for (const member of row.members) {
    const isMeant = scope === 'tree' || (scope === 'main' ? member === main : member.group === main.pid);
    if (!isMeant || !member.alive) continue;
    kernel.send(member, signal);
    sent += 1;
  }
  if (scope === 'group' && sent === 0 && main.alive) return err(refusal('ESRCH'));
  return ok(scope === 'tree' ? sent : 1);
}

/** SIGKILL to all that is in the tree, and to all that will be. */
export function killRow(kernel: FakeKernel, row: Row): void {
  if (row.state === 'empty') return;
  row.killing = true;
  for (const member of row.members) if (member.alive) kernel.send(member, constants.signals.SIGKILL);
}
