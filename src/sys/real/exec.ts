import { existsSync } from 'node:fs';
import { err } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Descriptor, SysError } from '../sys.ts';
import { nativeError } from './native-error.ts';

const NUL = '\0';

function strings(list: readonly Uint8Array[]): Buffer {
  return Buffer.concat(list.flatMap((bytes) => [bytes, Uint8Array.of(0)]));
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
  const bytes = (list: readonly string[]): Uint8Array[] => list.map((text) => Buffer.from(text));
  return err(becomeBytes(Buffer.from(file), bytes(argv), bytes(settings), kept, -1));
}

/**
 * The same with words and settings as bytes. The kept descriptors become `first` and the numbers behind it, 8 at most;
 * with -1 they stay what they are. Where nothing can be executed, all is again as it was.
 */
export function becomeBytes(
  file: Uint8Array,
  argv: readonly Uint8Array[],
  env: readonly Uint8Array[],
  kept: readonly Descriptor[],
  first: number,
): SysError {
  const hasNul = [...argv, ...env].some((bytes) => bytes.includes(0));
  const failure = native.exec(
    hasNul ? Buffer.from(NUL) : file,
    strings(argv),
    strings(env),
    Buffer.from(Int32Array.from(kept).buffer),
    first,
  );
  const error = nativeError(failure);
  if (error === undefined) throw new Error('execve came back without an error');
  return error;
}

/** Whether this process finds a file at the path, given as bytes. */
export function isThere(path: Uint8Array): boolean {
  return existsSync(Buffer.from(path));
}
