import type { Complaint } from './complaint.ts';
import { placeOf, showPath, type Tree, type TreePath } from './tree.ts';
import type { ConfigSystem, ConfigUser } from './system.ts';

/** A place where a user or a group is named. */
export interface Naming {
  readonly kind: 'user' | 'group';
  readonly name: string;
  readonly tree: Tree;
  /** From the tree to the name. */
  readonly path: TreePath;
  /** From the file to the tree. */
  readonly prefix: TreePath;
}

/** The users and groups that a configuration names, looked up. */
export interface Identities {
  user(nameOrUid: string): ConfigUser | undefined;
  group(nameOrGid: string): number | undefined;
  /** As whom the supervisor runs, with all groups of that user. */
  readonly own: ConfigUser;
}

/** Looks up whoever is named, side by side; complains about each that there is not. */
export async function lookUp(
  system: ConfigSystem,
  namings: readonly Naming[],
  complaints: Complaint[],
): Promise<Identities> {
  const named = (kind: Naming['kind']): readonly string[] =>
    namings.filter((naming) => naming.kind === kind).map(({ name }) => name);
  const own = String(system.uid);
  const [users, groups] = await Promise.all([
    all<ConfigUser>(new Set([...named('user'), own]), (name, done) => system.user(name, done)),
    all<number>(new Set(named('group')), (name, done) => system.group(name, done)),
  ]);
  for (const { kind, name, tree, path, prefix } of namings) {
    if ((kind === 'user' ? users : groups).get(name) !== undefined) continue;
    const message = `there is no ${kind} ${name}`;
    const key = showPath([...prefix, ...path]);
    complaints.push({ kind: `unknown-${kind}`, place: placeOf(tree, path), key, message, found: name });
  }
  return {
    user: (name) => users.get(name),
    group: (name) => groups.get(name),
    own: { uid: system.uid, gid: system.gid, groups: users.get(own)?.groups ?? [system.gid] },
  };
}

async function all<T>(
  names: ReadonlySet<string>,
  ask: (name: string, done: (found: T | undefined) => void) => void,
): Promise<ReadonlyMap<string, T | undefined>> {
  const found = [...names].map(
    async (name) =>
      new Promise<readonly [string, T | undefined]>((resolve) => {
        ask(name, (value) => resolve([name, value]));
      }),
  );
  return new Map(await Promise.all(found));
}
