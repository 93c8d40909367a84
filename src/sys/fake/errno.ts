import { errnoNumber } from '../../base/errno.ts';
import type { ExecStage, Refusal, SysError } from '../sys.ts';
import { Misuse } from './misuse.ts';

/** The number of an errno by its name; a name that does not exist is a `Misuse`. */
export function errnoOf(code: string): number {
  const errno = errnoNumber(code);
  if (errno === undefined) throw new Misuse(`no errno is called ${code}`);
  return errno;
}

/** What a failed call of the kernel says. */
export function sysError(code: string, call: string): SysError {
  return { code, errno: errnoOf(code), call };
}

/** What the keeper says when it will not. */
export function refusal(code: string, stage?: ExecStage): Refusal {
  return { code, errno: errnoOf(code), stage };
}
