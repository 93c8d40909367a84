import type { SysError } from '../sys.ts';

/** What a call of node:fs threw, as a value. Anything but an error of the system is thrown on. */
export function thrownError(error: unknown): SysError {
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || errno === undefined) throw error;
  return { code, errno: Math.abs(errno), call: syscall ?? 'unknown' };
}
