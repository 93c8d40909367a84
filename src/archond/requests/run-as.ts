import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { House } from '../house.ts';
import type { Launch } from '../launch.ts';
import type { Who } from './rights.ts';

type RunAs = NonNullable<Launch['user']>;
type Found = (found: Result<RunAs | undefined, Failure>) => void;

/** `@user` and `@group`, as they were given. */
export interface Wanted {
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

/**
 * As whom the command of a client runs; undefined: as archond does. Owners may name anybody. Who is only
 * admitted gets what the kernel says that it is, user and groups, and nothing that it is not.
 */
export function findRunAs(house: House, who: Who, wanted: Wanted, done: Found): void {
  if (who.role === 'owner') byWish(house, wanted, done);
  else asItself(house, who, wanted, done);
}

function asItself({ sys }: House, { peer }: Who, { user, group }: Wanted, done: Found): void {
  const groups = [...new Set([peer.gid, ...peer.groups])];
  const withGroup = (): void => {
    if (group === undefined) {
      done(ok({ uid: peer.uid, gid: peer.gid, groups }));
      return;
    }
    sys.users.group(group, (gid) => {
      if (gid === undefined) done(noSuchGroup(group));
      else if (groups.includes(gid)) done(ok({ uid: peer.uid, gid, groups }));
      else done(err(failure('denied', `@group: you are not in the group ${group}`)));
    });
  };
  if (user === undefined || user === String(peer.uid)) {
    withGroup();
    return;
  }
  sys.users.user(user, (entry) => {
    if (entry === undefined) done(noSuchUser(user));
    else if (entry.uid === peer.uid) withGroup();
    else done(err(failure('denied', '@user: your commands run as yourself, and as nobody else')));
  });
}

/** Who is not root may name itself, and nobody else: that fails where the process is made. */
function byWish(house: House, { user, group }: Wanted, done: Found): void {
  const isRoot = house.uid === 0;
  const withGroup = (base: RunAs | undefined): void => {
    if (group === undefined) {
      done(ok(base));
      return;
    }
    house.sys.users.group(group, (gid) => {
      if (gid === undefined) done(noSuchGroup(group));
      else if (!isRoot && base === undefined && gid === house.gid) done(ok(undefined));
      else done(ok({ uid: base?.uid ?? house.uid, gid, groups: base?.groups ?? [gid] }));
    });
  };
  if (user === undefined) {
    withGroup(undefined);
    return;
  }
  house.sys.users.user(user, (entry) => {
    if (entry === undefined) done(noSuchUser(user));
    else if (!isRoot && entry.uid === house.uid) withGroup(undefined);
    else withGroup({ uid: entry.uid, gid: entry.gid, groups: entry.groups });
  });
}

function noSuchUser(user: string): { readonly ok: false; readonly error: Failure } {
  return err(failure('bad-argument', `@user: there is no user ${user}`));
}

function noSuchGroup(group: string): { readonly ok: false; readonly error: Failure } {
  return err(failure('bad-argument', `@group: there is no group ${group}`));
}
