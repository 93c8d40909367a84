import { oldLogs } from '../../logs/old-logs.ts';
import type { Files } from '../../sys/sys.ts';

/** A place in what a log and those that were set aside before it hold. */
export interface LogPoint {
  /** Of the file: see `OldLog`; that of the log itself is one more than the highest of them. */
  readonly number: number;
  readonly bytes: number;
}

/** The later of two. */
export function later(one: LogPoint, other: LogPoint): LogPoint {
  return isBefore(one, other) ? other : one;
}

export function isBefore(one: LogPoint, other: LogPoint): boolean {
  return one.number < other.number || (one.number === other.number && one.bytes < other.bytes);
}

/** The number of the log that is written now. */
export function presentNumber(files: Files, logPath: string): number {
  return (oldLogs(files, logPath).at(-1)?.number ?? 0) + 1;
}
