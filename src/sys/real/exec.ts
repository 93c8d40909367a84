import { err } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Descriptor, SysError } from '../sys.ts';
import { nativeError } from './native-error.ts';

const NUL = '\0';

function strings(list: readonly string[]): Buffer {
  return Buffer.from(list.map((text) => text + NUL).join(''));
}

/**
 * Becomes the program at `file` (execve(2)): same pid, same children. Signals are at their defaults and
 * none is blocked; 0, 1, 2 and `kept` stay open, all else is closed. Returns only what stood in the way;
 * `EINVAL` also for a NUL in a string.
 */
export function becomeProgram(
  file: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  kept: readonly Descriptor[] = [],
): { readonly ok: false; readonly error: SysError } {
  const settings = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const hasNul = [...argv, ...settings].some((text) => text.includes(NUL));
  const failure = native.exec(
    Buffer.from(hasNul ? NUL : file),
    strings(argv),
    strings(settings),
    Buffer.from(Int32Array.from(kept).buffer),
  );
  const error = nativeError(failure);
  if (error === undefined) throw new Error('execve came back without an error');
  return err(error);
}
