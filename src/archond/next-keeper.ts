import { describeErrno } from '../base/errno.ts';
import { bequeath } from '../sys/real/bequest.ts';
import { becomeProgram } from '../sys/real/exec.ts';
import type { RealKeeper } from '../sys/real/keeper.ts';
import { native } from '../sys/native.ts';
import type { Clock } from '../sys/sys.ts';
import type { KeeperCommand } from './settings.ts';

/** How long whoever looks after the keeper (a service manager, a person) has to start another one. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 20;

/**
 * What archond does when its keeper has died: nothing that anybody could notice. It neither serves nor acts, and holds
 * what was deposited. Another keeper that takes the table over is given it, and starts a new archond when this one
 * has ended. Where none comes this process becomes the keeper itself, with all that was deposited. Does not return.
 *
 * @param runtimeDir where the other keeper would take it over
 * @param isAwaited somebody may start a keeper; else it is not waited for
 */
export function outliveKeeper(
  keeper: RealKeeper,
  command: KeeperCommand,
  runtimeDir: string,
  isAwaited: boolean,
  clock: Clock,
  say: (message: string) => void,
): never {
  say('the keeper is gone');
  const until = clock.monotonicMs() + (isAwaited ? PATIENCE_MS : 0);
  const never = new Int32Array(new SharedArrayBuffer(4));
  /* The loop stands still: no timer, no client and no process is heard until there is a keeper. */
  do {
    if (keeper.hasSuccessor()) {
      const given = bequeath(runtimeDir, keeper.deposited, () => clock.monotonicMs());
      /* Where it has died too, another one may come. */
      if (given !== 'unheard') {
        say('another keeper has taken over');
        if (typeof given !== 'number') say(`what was deposited could not be handed over (${given})`);
        process.exit(0);
      }
    }
    if (clock.monotonicMs() < until) Atomics.wait(never, 0, 0, LOOK_MS);
  } while (clock.monotonicMs() < until);
  becomeKeeper(keeper, command, say);
}

function becomeKeeper(
  keeper: RealKeeper,
  { file, options, program }: KeeperCommand,
  say: (message: string) => void,
): never {
  const deposited = [...keeper.deposited];
  const list = Buffer.from(deposited.map(([name, descriptor]) => `${descriptor} ${name}\n`).join(''));
  const memory = native.sealedMemfd(list, list.length);
  const words = [...options];
  const { childLimit } = keeper;
  if (childLimit > 0) words.push('--nofile', Number.isFinite(childLimit) ? String(childLimit) : 'unlimited');
  const kept = memory < 0 ? [] : [memory, ...deposited.map(([, descriptor]) => descriptor)];
  if (memory < 0) say('what was deposited with the keeper is lost');
  else words.push('--kept', String(memory));
  const { error } = becomeProgram(file, [...words, '--', ...program], process.env, kept);
  say(`cannot become ${file}: ${describeErrno(error.code)}`);
  process.exit(1);
}
