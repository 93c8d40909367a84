import nodePath from 'node:path';
import type { AccessRule, Configuration, MonitorDefinition } from './configuration.ts';
import type { Complaint } from './complaint.ts';
import type { HeadParts } from './dump.ts';
import { given } from './given.ts';
import type { Identities, Naming } from './identities.ts';
import type { ReadFile } from './read-files.ts';
import type { HeadSettings } from './schema/file.ts';
import { placeOf, showPath, type Entry, type MapTree, type Tree, type TreePath } from './tree.ts';

/** The kernel's own -1 names nobody. */
const HIGHEST_ID = 2 ** 32 - 2;

type AccessSettings = NonNullable<HeadSettings['access']>[number];

/** What the files say beside their units, put together. */
export interface Heads {
  readonly parts: HeadParts;
  readonly access: readonly AccessSettings[];
  readonly monitors: readonly (readonly [name: string, NonNullable<HeadSettings['monitor']>[string]])[];
  readonly portPool: Configuration['portPool'];
  /** Whom they name. */
  readonly namings: readonly Naming[];
}

/** Puts together what the files say beside their units; what may be said once only and is said twice is a complaint. */
export function joinHeads(files: readonly ReadFile[], complaints: Complaint[]): Heads {
  const usable = files.filter((file) => file.settings !== undefined);
  const access = usable.flatMap(({ head, settings }) =>
    (settings?.access ?? []).map((rule, index) => ({ rule, tree: head, path: ['access', index] })),
  );
  for (const { rule, tree, path } of access) {
    if ((rule.user === undefined) === (rule.group === undefined))
      complaints.push(contradiction(tree, path, 'a rule names either a user or a group'));
  }
  const ports = once(usable, 'ports', complaints);
  const rc = once(usable, 'rc', complaints);
  const monitors = joinMonitors(usable, complaints);
  const rcPath = rc?.settings?.rc;
  return {
    access: access.map(({ rule }) => rule),
    monitors: usable.flatMap(({ settings }) => Object.entries(settings?.monitor ?? {})),
    portPool: ports?.settings?.ports?.pool,
    namings: [
      ...access.flatMap(({ rule, tree, path }) =>
        namingsOf(rule, tree, path).filter(({ name }) => idOf(name) === undefined),
      ),
      ...usable.flatMap(({ head, settings }) =>
        Object.entries(settings?.monitor ?? {}).flatMap(([name, { user }]) =>
          namingsOf({ user }, head, ['monitor', name]),
        ),
      ),
    ],
    parts: {
      access: joinAccess(usable),
      ports: mapAt(ports?.head, 'ports'),
      monitor: monitors,
      rc: rcPath === undefined || rc === undefined ? undefined : nodePath.posix.resolve(rc.folder, rcPath),
    },
  };
}

/** Who is admitted, when users and groups are known. */
export function accessOf(rules: readonly AccessSettings[], identities: Identities): readonly AccessRule[] {
  return rules.flatMap(({ user, group, role }): AccessRule[] => {
    const uid = user === undefined ? undefined : (idOf(user) ?? identities.user(user)?.uid);
    const gid = group === undefined ? undefined : (idOf(group) ?? identities.group(group));
    if (uid !== undefined) return [{ kind: 'user', uid, role }];
    return gid === undefined ? [] : [{ kind: 'group', gid, role }];
  });
}

/** A number stands for itself: whoever connects is known by numbers, and needs no entry in any database. */
function idOf(text: string): number | undefined {
  const id = /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
  return id !== undefined && id <= HIGHEST_ID ? id : undefined;
}

/** What is watched, when users are known. */
export function monitorsOf(
  monitors: Heads['monitors'],
  identities: Identities,
): readonly MonitorDefinition[] {
  return monitors.map(([name, { exe, command, user }]) => ({
    name,
    ...given('exe', exe),
    ...given('command', command),
    ...given('uid', user === undefined ? undefined : identities.user(user)?.uid),
  }));
}

function namingsOf(
  { user, group }: { readonly user?: string | undefined; readonly group?: string | undefined },
  tree: Tree,
  prefix: TreePath,
): readonly Naming[] {
  return [
    ...(user === undefined
      ? []
      : [{ kind: 'user' as const, name: user, tree, path: [...prefix, 'user'], prefix: [] }]),
    ...(group === undefined
      ? []
      : [{ kind: 'group' as const, name: group, tree, path: [...prefix, 'group'], prefix: [] }]),
  ];
}

/** The one file that has the key. */
function once(
  files: readonly ReadFile[],
  key: 'ports' | 'rc',
  complaints: Complaint[],
): ReadFile | undefined {
  const [first, ...others] = files.filter(({ settings }) => settings?.[key] !== undefined);
  for (const { head } of first === undefined ? [] : others) {
    const other = placeOf(first?.head ?? head, [key]);
    complaints.push({ ...contradiction(head, [key], 'this key may stand in one file only'), other });
  }
  return first;
}

function joinMonitors(files: readonly ReadFile[], complaints: Complaint[]): MapTree | undefined {
  const entries = new Map<string, Entry>();
  let at: MapTree | undefined;
  for (const { head } of files) {
    const map = mapAt(head, 'monitor');
    at ??= map;
    for (const [name, entry] of map?.entries ?? []) {
      const other = entries.get(name);
      if (other === undefined) entries.set(name, entry);
      else {
        const message = `the name ${name} is taken by another monitor`;
        const key = showPath(['monitor', name]);
        complaints.push({ kind: 'duplicate-label', place: entry.keyAt, key, message, other: other.keyAt });
      }
    }
  }
  return at === undefined ? undefined : { ...at, entries };
}

function joinAccess(files: readonly ReadFile[]): HeadParts['access'] {
  const lists = files.flatMap(({ head }) => {
    const list = head.entries.get('access')?.value;
    return list?.kind === 'list' ? [list] : [];
  });
  const [first] = lists;
  return first === undefined ? undefined : { ...first, items: lists.flatMap(({ items }) => items) };
}

function mapAt(tree: MapTree | undefined, key: string): MapTree | undefined {
  const part = tree?.entries.get(key)?.value;
  return part?.kind === 'map' ? part : undefined;
}

function contradiction(tree: Tree, path: TreePath, message: string): Complaint {
  return { kind: 'contradiction', place: placeOf(tree, path), key: showPath(path), message };
}
