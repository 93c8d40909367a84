import type { Complaint } from './complaint.ts';
import { partAt, placeOf, showPath, type Tree, type TreePath } from './tree.ts';

/**
 * What the contract has and this version cannot carry out: keys of a unit by their path, with the value
 * that cannot be had where others can. They are read and checked like all others; that they are there is
 * a complaint, so that nobody relies on what does not happen. A line goes when its feature comes.
 */
const UNIT_KEYS: readonly (readonly [path: TreePath, value?: string])[] = [
  [['watch']],
  [['restart-on-library-change'], 'true'],
];

/** The same for keys of a file. */
const FILE_KEYS: readonly TreePath[] = [['monitor'], ['rc']];

/** Complaints about the keys of a unit that cannot be had yet. */
export function notYetInUnit(tree: Tree, prefix: TreePath): readonly Complaint[] {
  return UNIT_KEYS.flatMap(([path, value]) => {
    const part = partAt(tree, path);
    if (part === undefined || part.kind === 'empty') return [];
    const isOff = part.kind === 'text' && part.text === 'none';
    const isMeant = value === undefined || (part.kind === 'text' && part.text.toLowerCase() === value);
    return isOff || !isMeant ? [] : [cannotBeHad(tree, path, prefix, value)];
  });
}

/** Complaints about the keys of a file that cannot be had yet. */
export function notYetInFile(tree: Tree): readonly Complaint[] {
  return FILE_KEYS.flatMap((path) => {
    const part = partAt(tree, path);
    return part === undefined || part.kind === 'empty' ? [] : [cannotBeHad(tree, path, [])];
  });
}

function cannotBeHad(tree: Tree, path: TreePath, prefix: TreePath, value?: string): Complaint {
  const what = value === undefined ? showPath(path) : `${showPath(path)}: ${value}`;
  const message = `${what} cannot be had in this version`;
  return {
    kind: 'not-in-this-version',
    place: placeOf(tree, path),
    key: showPath([...prefix, ...path]),
    message,
  };
}
