import nodePath from 'node:path';
import { escapeBraces } from './substitute.ts';
import { mapTexts, type Tree, type TreePath } from './tree.ts';

/** The keys of a unit that hold paths, or lists of them. A test holds this and the schema together. */
export const PATH_KEYS: ReadonlySet<string> = new Set([
  'cwd',
  'env-file',
  'pid-file',
  'tty',
  'ready.file',
  'health.file',
  'log.file',
  'watch',
  'watch.paths',
]);

/** Of these, those that the word `none` switches off. */
const MAY_BE_NONE: ReadonlySet<string> = new Set(['pid-file', 'watch']);

/** The keys of a path without the places in lists. */
function keyOf(path: TreePath): string {
  return path.filter((step) => typeof step === 'string').join('.');
}

/** A unit with each relative path taken from `folder`; its texts may still hold references in braces. */
export function absolutePaths<T extends Tree>(unit: T, folder: string): T {
  return mapTexts(unit, ({ text }, path) => {
    const key = keyOf(path);
    if (!PATH_KEYS.has(key) || (text === 'none' && MAY_BE_NONE.has(key))) return text;
    return text === '' || text.startsWith('/') ? text : nodePath.posix.join(escapeBraces(folder), text);
  });
}
