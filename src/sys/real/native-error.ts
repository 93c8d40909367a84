import { errnoName } from '../../base/errno.ts';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { native } from '../native.ts';
import type { SysError } from '../sys.ts';

/** A failure is -(call * 4096 + errno): no value of the helper is as low. */
const CALL_STEP = 4096;

/** What a failed native function says; `undefined` where it has not failed. */
export function nativeError(answer: number): SysError | undefined {
  if (answer > -CALL_STEP) return undefined;
  const errno = -answer % CALL_STEP;
  const call = native.calls[Math.floor(-answer / CALL_STEP)] ?? 'unknown';
  return { code: errnoName(errno), errno, call };
}

/** The answer of a native function as a result. */
export function nativeResult(answer: number): Result<number, SysError> {
  const error = nativeError(answer);
  return error === undefined ? ok(answer) : err(error);
}

/** For failures that only a mistake in this program can bring about: throws. */
export function mustSucceed(answer: number): number {
  const error = nativeError(answer);
  if (error !== undefined) throw new Error(`${error.call}: ${error.code}`);
  return answer;
}
