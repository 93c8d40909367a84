import { err, ok, type Result } from '../../base/result.ts';
import { native } from '../native.ts';
import type { SysError } from '../sys.ts';
import { nativeError } from './native-error.ts';

/**
 * Standard output and error of this process go to the end of a file from now on, which is made where there
 * is none (mode 0640). What they were before is let go: whoever waits for its end need not wait for us. Errors
 * of open(2).
 */
export function sendOutputTo(file: string): Result<undefined, SysError> {
  const error = nativeError(native.sendOutputTo(Buffer.from(file)));
  return error === undefined ? ok(undefined) : err(error);
}
