/** What archond was told at its start, with every default filled in; goes from the front to the deciding part as JSON. */
export interface Settings {
  /** Files and folders of the configuration, as absolute paths; none: an empty supervisor. */
  readonly config: readonly string[];
  readonly socket: string;
  readonly runtimeDir: string;
  readonly stateDir: string;
  readonly logDir: string;
  /** Of the rules; undefined where there is none. */
  readonly rulesDir?: string | undefined;
  readonly foreground: boolean;
  readonly logLevel: LogLevel;
  /** What keeps trees together: `auto` takes cgroups where they can be had. */
  readonly tree: TreeChoice;
  /** Only what is surely good: the configuration that was in force, and the journal without its tail. */
  readonly isSafe: boolean;
  /** The library that is preloaded into programs which bind by themselves. */
  readonly bindShim: string;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const TREE_CHOICES = ['auto', 'cgroup', 'minder'] as const;
export type TreeChoice = (typeof TREE_CHOICES)[number];

/** The environment variable that carries the settings to the deciding part. */
export const SETTINGS_VARIABLE = 'ARCHON_SETTINGS';
/** The environment variable that tells the deciding part how its keeper was started (`KeeperCommand` as JSON). */
export const KEEPER_VARIABLE = 'ARCHON_KEEPER';

/** How the keeper is started, without what is true of one start only. */
export interface KeeperCommand {
  readonly file: string;
  /** Its words up to `--`. */
  readonly options: readonly string[];
  /** The words behind it: the deciding part. */
  readonly program: readonly string[];
}
/** The environment variable by which the keeper names the descriptor of its channel. */
export const KEEPER_FD_VARIABLE = 'ARCHON_KEEPER_FD';
