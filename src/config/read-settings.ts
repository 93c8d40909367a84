import { nearest } from '../base/nearest.ts';
import type { Complaint } from './complaint.ts';
import { notYetInUnit } from './not-yet.ts';
import { complaintsOf } from './schema/faults.ts';
import { unit, type UnitSettings } from './schema/unit.ts';
import { plain, type MapTree, type TreePath } from './tree.ts';

/** The settings of a unit, or those of them that the schema takes, so that the others can be judged all the same. */
export interface ReadSettings {
  readonly settings: UnitSettings;
  /** The keys that were left out, and those that were probably meant by one that is not known. */
  readonly dropped: ReadonlySet<string>;
}

/** Reads the keys of a unit; complains about what the schema does not take and about what cannot be had. */
export function readSettings(tree: MapTree, prefix: TreePath, complaints: Complaint[]): ReadSettings {
  complaints.push(...notYetInUnit(tree, prefix));
  const read = unit.safeParse(plain(tree));
  if (read.success) return { settings: read.data, dropped: new Set() };
  const { issues } = read.error;
  complaints.push(...complaintsOf(issues, tree, prefix));
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
  );
  const meant = unknown.flatMap((key) => nearest(key, Object.keys(unit.shape)) ?? []);
  const wrong = issues.flatMap(({ path: [key] }) => (key === undefined ? [] : [String(key)]));
  const left = new Set([...unknown, ...wrong]);
  const entries = new Map([...tree.entries].filter(([key]) => !left.has(key)));
  return { settings: unit.parse(plain({ ...tree, entries })), dropped: new Set([...left, ...meant]) };
}
