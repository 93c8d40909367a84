import path from 'node:path';
import { reading } from '../sys/real/reading.ts';

/** The host's own. */
const HOSTS = '/etc/archon/archon.yaml';

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
  const usual = uid === 0 ? HOSTS : path.resolve(cwd, 'archon.yaml');
  const kind = reading.kindOf(usual);
  const isAbsent = !kind.ok && (kind.error.code === 'ENOENT' || kind.error.code === 'ENOTDIR');
  return isAbsent ? [] : [usual];
}

/**
 * Where rules lie if nothing is said: `/etc/archon/rules` for root without another configuration, else the folder
 * `rules` beside the configuration, or in it where that is a folder; undefined where there is none.
 */
export function usualRules(config: readonly string[], uid: number): string | undefined {
  const [first] = config;
  if (uid === 0 && (first === undefined || first === HOSTS)) return '/etc/archon/rules';
  if (first === undefined) return undefined;
  const kind = reading.kindOf(first);
  return path.join(kind.ok && kind.value === 'folder' ? first : path.dirname(first), 'rules');
}
