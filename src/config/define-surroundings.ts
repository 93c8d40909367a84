import type { ProcessLimit, Surroundings } from './definition.ts';
import { given } from './given.ts';
import type { Identities } from './identities.ts';
import type { UnitSettings } from './schema/unit.ts';

/** The surroundings of a process, without the user. */
export function surroundingsOf(settings: UnitSettings): Omit<Surroundings, 'runAs'> {
  return {
    env: Object.entries(settings.env ?? {}),
    envFiles: settings['env-file'] ?? [],
    cleanEnv: settings['clean-env'] ?? false,
    cwd: settings.cwd ?? '/',
    ...given('umask', settings.umask),
    ...given('nice', settings.nice),
    ...given('oomScoreAdjust', settings['oom-score-adjust']),
    noNewPrivileges: settings['no-new-privileges'] ?? false,
    rlimits: Object.entries(settings.rlimits ?? {}).map(([resource, limit]): ProcessLimit => ({
      resource,
      ...limit,
    })),
    ...given('tty', settings.tty),
  };
}

/**
 * As whom a unit runs; undefined: as the supervisor. A `group` takes the place of the user's own one,
 * `groups` are added to those that the user is in.
 */
export function runAs(
  { user, group, groups = [] }: UnitSettings,
  identities: Identities,
): Surroundings['runAs'] {
  if (user === undefined && group === undefined && groups.length === 0) return undefined;
  const base = user === undefined ? identities.own : identities.user(user);
  if (base === undefined) return undefined;
  const gid = (group === undefined ? undefined : identities.group(group)) ?? base.gid;
  const added = groups.map((name) => identities.group(name)).filter((found) => found !== undefined);
  const inherited = user === undefined && groups.length === 0 ? [gid] : base.groups;
  return {
    uid: base.uid,
    gid,
    groups: [...new Set([...inherited, gid, ...added])].sort((one, other) => one - other),
  };
}
