import type { Sys } from '../sys/sys.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings.ts';
import type { Shutdown } from './shutdown.ts';
import type { Supervisor } from './supervisor.ts';

/** What requests are carried out with. */
export interface House {
  readonly sys: Sys;
  readonly settings: Settings;
  readonly log: Log;
  readonly supervisor: Supervisor;
  readonly shutdown: Shutdown;
  /** See `baseEnvironment`. */
  readonly baseEnv: ReadonlyMap<string, string>;
  /** The version of the package. */
  readonly version: string;
  /** The user that archond runs as. */
  readonly uid: number;
  readonly gid: number;
}
