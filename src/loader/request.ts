import type { Result } from '../base/result.ts';
import type { Basis } from '../config/basis.ts';
import type { Complaints } from '../config/complaint.ts';
import type { Configuration } from '../config/configuration.ts';
import type { TreesPlace } from '../sys/limits.ts';

/** What the loader is asked, as JSON: its standard input. */
export interface LoadRequest {
  /** Absolute paths of files and folders. */
  readonly paths: readonly string[];
  readonly logDir: string;
  /** Where the trees of the supervisor are. */
  readonly trees: TreesPlace;
  /** That of a configuration which is there already. */
  readonly basis?: Basis | undefined;
}

/** What it writes to standard output, as JSON; `same`: what would be loaded is the configuration that has the basis. */
export type LoadAnswer = Result<Configuration | 'same', Complaints>;
