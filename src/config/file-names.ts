import nodePath from 'node:path';
import { compileGlob, isGlob, type Glob } from '../base/glob.ts';
import type { Failure } from '../base/failure.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ConfigFault, ConfigSystem } from './system.ts';

/** What a folder's files must end in to be read with it. */
const SUFFIX = '.yaml';

/** Why a name leads to no file: the part of the path that cannot be had, or a pattern that is none. */
export type NameFault =
  | { readonly kind: 'unreadable'; readonly path: string; readonly fault: ConfigFault }
  | { readonly kind: 'bad-pattern'; readonly failure: Failure };

/** The files of a folder that make up a configuration, in name order. */
export function filesOf(system: ConfigSystem, folder: string): Result<readonly string[], NameFault> {
  const names = system.list(folder);
  if (!names.ok) return err({ kind: 'unreadable', path: folder, fault: names.error });
  return ok(
    inOrder(names.value.filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.'))).map((name) =>
      nodePath.posix.join(folder, name),
    ),
  );
}

/** The file of that path; of a folder its files. */
export function filesAt(system: ConfigSystem, path: string): Result<readonly string[], NameFault> {
  const kind = system.kindOf(path);
  if (!kind.ok) return err({ kind: 'unreadable', path, fault: kind.error });
  return kind.value === 'folder' ? filesOf(system, path) : ok([path]);
}

/**
 * The files that a path with patterns names, taken from `folder` where it is relative, in name order: `*`, `?`,
 * `[…]` and `{a,b}` stay within a part between slashes, and no pattern takes a name that begins with a dot.
 * None is no fault.
 */
export function filesMatching(
  system: ConfigSystem,
  folder: string,
  pattern: string,
): Result<readonly string[], NameFault> {
  if (!isGlob(pattern)) return filesAt(system, nodePath.posix.resolve(folder, pattern));
  let found: readonly string[] = [pattern.startsWith('/') ? '/' : folder];
  for (const part of pattern.split('/').filter((step) => step !== '')) {
    if (!isGlob(part)) {
      found = found.map((base) => nodePath.posix.join(base, part));
      continue;
    }
    const glob = compileGlob(part);
    if (!glob.ok) return err({ kind: 'bad-pattern', failure: glob.error });
    found = found.flatMap((base) => matching(system, base, glob.value));
  }
  return ok(inOrder(found.filter((path) => isFile(system, path))));
}

function matching(system: ConfigSystem, folder: string, glob: Glob): readonly string[] {
  const names = system.list(folder);
  if (!names.ok) return [];
  const wanted = names.value.filter((name) => !name.startsWith('.') && glob.matches(name));
  return wanted.map((name) => nodePath.posix.join(folder, name));
}

function isFile(system: ConfigSystem, path: string): boolean {
  const kind = system.kindOf(path);
  return kind.ok && kind.value !== 'folder';
}

/** By the bytes of their names, as ls(1) does in the C locale. */
function inOrder(names: readonly string[]): readonly string[] {
  return [...names].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}
