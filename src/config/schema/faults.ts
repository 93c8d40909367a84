import type * as z from 'zod/mini';
import { nearest } from '../../base/nearest.ts';
import { show } from '../../base/show.ts';
import type { Complaint } from '../complaint.ts';
import { partAt, placeOf, showPath, type Tree, type TreePath } from '../tree.ts';
import { unexpected } from '../unexpected.ts';
import { knownKeys } from './shapes.ts';

type Issue = z.core.$ZodIssue;

/** What is to be said of one place. */
interface Fault {
  readonly path: TreePath;
  readonly expected: string;
  /** The names that are known there, of a key that is not. */
  readonly known?: readonly string[];
  /** The name is meant, not what stands behind it. */
  readonly isName?: true;
}

/**
 * What the schema found wrong with a value, as complaints with the places of `tree`, which the value was
 * made from. `prefix` is the path of the tree in its file.
 */
export function complaintsOf(issues: readonly Issue[], tree: Tree, prefix: TreePath): readonly Complaint[] {
  return issues.flatMap((issue) => faultsOf(issue, [])).map((fault) => complaintOf(fault, tree, prefix));
}

function complaintOf({ path, expected, known, isName }: Fault, tree: Tree, prefix: TreePath): Complaint {
  const key = showPath([...prefix, ...path]);
  const place = placeOf(tree, path);
  const name = String(path.at(-1) ?? '');
  if (known !== undefined) {
    const meant = nearest(name, known);
    const message = 'this key is not known';
    return { kind: 'unknown-key', place, key, message, ...(meant === undefined ? {} : { nearest: meant }) };
  }
  if (isName === true) {
    const found = show(name);
    return {
      kind: 'unknown-key',
      place,
      key,
      message: `expected ${expected}, found ${found}`,
      expected,
      found,
    };
  }
  const part = partAt(tree, path);
  if (part === undefined) {
    return {
      kind: 'missing-key',
      place,
      key,
      message: `this key is missing: expected ${expected}`,
      expected,
    };
  }
  return unexpected(part, [...prefix, ...path], expected);
}

function faultsOf(issue: Issue, before: TreePath): readonly Fault[] {
  const path = [...before, ...(issue.path as TreePath)];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.message);
    return issue.keys.map((name) => ({ path: [...path, name], expected: '', known }));
  }
  if (issue.code === 'invalid_key') return [{ path, expected: issue.message, isName: true }];
  if (issue.code !== 'invalid_union') return [{ path, expected: issue.message }];
  const inside = issue.errors.find((branch) => !branch.some(isAtRoot));
  if (inside !== undefined) return inside.flatMap((found) => faultsOf(found, path));
  const exact = issue.errors.flat().filter(isExact);
  const said = (exact.length > 0 ? exact : issue.errors.flat()).flatMap((found) => faultsOf(found, path));
  return [{ path, expected: [...new Set(said.map(({ expected }) => expected))].join(', or ') }];
}

/** Whether the value as a whole is not what the branch takes, so that its parts say nothing. */
function isAtRoot(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code !== 'unrecognized_keys';
}

/** Whether a scalar says more than what it takes. */
function isExact(issue: Issue): boolean {
  return issue.code === 'custom' && issue.params?.['isExact'] === true;
}
