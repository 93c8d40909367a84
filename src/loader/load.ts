import type { Result } from '../base/result.ts';
import type { Complaints } from '../config/complaint.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration, type LoadOptions } from '../config/load.ts';
import { reading } from '../sys/real/reading.ts';
import { realUsers } from '../sys/real/users.ts';

/** `loadConfiguration` with the files, users and groups of this machine, for a supervisor of the calling user. */
export async function load(
  paths: readonly string[],
  options: LoadOptions,
): Promise<Result<Configuration, Complaints>> {
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return loadConfiguration(paths, { ...reading, ...realUsers, ...own }, options);
}
