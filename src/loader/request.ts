import type { Result } from '../base/result.ts';
import type { Complaints } from '../config/complaint.ts';
import type { Configuration } from '../config/configuration.ts';

/** What the loader is started with, as JSON: its only argument. */
export interface LoadRequest {
  /** Absolute paths of files and folders. */
  readonly paths: readonly string[];
  readonly logDir: string;
}

/** What it writes to standard output, as JSON. */
export type LoadAnswer = Result<Configuration, Complaints>;
