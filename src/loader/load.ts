import type { Result } from '../base/result.ts';
import type { Complaints } from '../config/complaint.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration, type LoadOptions } from '../config/load.ts';
import type { ConfigSystem } from '../config/system.ts';
import { machine } from './machine.ts';

export { machine } from './machine.ts';

/** `loadConfiguration` with the files, users and groups of this machine, for a supervisor of the calling user that is not there yet. */
export async function load(
  paths: readonly string[],
  options: LoadOptions,
  system: ConfigSystem = machine({ kind: 'unknown' }),
): Promise<Result<Configuration, Complaints>> {
  return loadConfiguration(paths, system, options);
}
