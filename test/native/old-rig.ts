import { readdirSync } from 'node:fs';
import { OldKeeper } from '../../src/archond/logs/old-keeper.ts';
import { LogWriters } from '../../src/archond/logs/log-writers.ts';
import { oldFolder, oldLogsAmong } from '../../src/logs/old-logs.ts';
import type { Sys } from '../../src/sys/sys.ts';
import type { Log } from '../../src/archond/log.ts';

/** More than there are. */
const KEEP = 1000;

/** Keeps and compresses what is set aside of one log, at once. */
export function keepOld(
  parts: Pick<Sys, 'oldFiles'> & { readonly files: Partial<Sys['files']> },
  logPath: string,
): {
  readonly rotated: () => void;
  readonly resume: () => void;
  readonly whenDone: (done: () => void) => void;
} {
  const clock = { monotonicMs: () => 0 };
  const timers = {
    at: (_atMs: number, action: () => void) => {
      const timer = setImmediate(action);
      return () => {
        clearImmediate(timer);
      };
    },
  };
  const log = { warn: (text: string) => process.stderr.write(`${text}\n`) };
  const keeper = new OldKeeper(
    { ...parts, clock, timers } as unknown as Sys,
    log as unknown as Log,
    new LogWriters(),
  );
  const names = (): readonly string[] => {
    try {
      return readdirSync(oldFolder(logPath));
    } catch {
      return [];
    }
  };
  return {
    rotated: () => {
      keeper.rotated(logPath, KEEP);
    },
    resume: () => {
      keeper.resume(logPath, names());
    },
    whenDone: (done) => {
      const look = (): void => {
        if (oldLogsAmong(names()).every(({ isPlain }) => !isPlain)) done();
        else setImmediate(look);
      };
      setImmediate(look);
    },
  };
}
