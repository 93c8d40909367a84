import path from 'node:path';
import { reading } from '../sys/real/reading.ts';

/**
 * The files and folders of the configuration, absolute: what was given, else `$ARCHON_CONFIG`, else the usual
 * file where there is one, else none. What stands in its way but its absence is left to the loader to tell.
 */
export function configurationPaths(
  given: readonly string[],
  uid: number,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): readonly string[] {
  const named = env['ARCHON_CONFIG'] ?? '';
  if (given.length > 0) return given.map((file) => path.resolve(cwd, file));
  if (named !== '') return [path.resolve(cwd, named)];
  const usual = uid === 0 ? '/etc/archon/archon.yaml' : path.resolve(cwd, 'archon.yaml');
  const kind = reading.kindOf(usual);
  const isAbsent = !kind.ok && (kind.error.code === 'ENOENT' || kind.error.code === 'ENOTDIR');
  return isAbsent ? [] : [usual];
}
