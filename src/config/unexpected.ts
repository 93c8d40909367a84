import type { Complaint } from './complaint.ts';
import { describeTree, showPath, type Tree, type TreePath } from './tree.ts';

/** The complaint that something else should stand there; `expected` completes the sentence "expected …". */
export function unexpected(tree: Tree, path: TreePath, expected: string): Complaint {
  const found = describeTree(tree);
  const message = `expected ${expected}, found ${found}`;
  return { kind: 'bad-value', place: tree.at, key: showPath(path), message, expected, found };
}
