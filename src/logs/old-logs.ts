import type { Files } from '../sys/sys.ts';

const NAME = /^(\d+)(\.gz)?$/;

/** A log that was set aside; docs/logs.org, "Rotation". */
export interface OldLog {
  /** From 1; the log that is written now comes behind the highest. */
  readonly number: number;
  /** As it was written. A log is both while it is being compressed. */
  readonly isPlain: boolean;
  readonly isCompressed: boolean;
}

/** Where the old ones of a log are. */
export function oldFolder(logPath: string): string {
  return `${logPath}~old`;
}

/** An old log as it was written; its index of times and what it is compressed to have this name and more. */
export function oldPath(logPath: string, number: number): string {
  return `${oldFolder(logPath)}/${String(number).padStart(8, '0')}`;
}

/** The old ones among the names in such a folder, the oldest first. */
export function oldLogsAmong(names: readonly string[]): readonly OldLog[] {
  const found = new Map<number, OldLog>();
  for (const name of names) {
    const [, digits, suffix] = NAME.exec(name) ?? [];
    if (digits === undefined) continue;
    const number = Number(digits);
    const known = found.get(number);
    found.set(number, {
      number,
      isPlain: suffix === undefined || known?.isPlain === true,
      isCompressed: suffix !== undefined || known?.isCompressed === true,
    });
  }
  return [...found.values()].sort((one, other) => one.number - other.number);
}

/** The old ones that a log has now, the oldest first; none where they cannot be looked at. */
export function oldLogs(files: Files, logPath: string): readonly OldLog[] {
  const names = files.list(oldFolder(logPath));
  return names.ok ? oldLogsAmong(names.value) : [];
}
