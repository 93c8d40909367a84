import { nearest } from '../base/nearest.ts';
import type { Complaint } from './complaint.ts';
import type { UnitGroup } from './configuration.ts';
import type { Dependencies } from '../supervisor/graph/dependencies.ts';
import { orderCycles } from '../supervisor/graph/order.ts';
import { pulledRivals } from '../supervisor/graph/pulled-rivals.ts';
import type { UnitDefinition } from './definition.ts';
import type { Instance } from './instances.ts';
import { placeOf, showPath, type TreePath } from './tree.ts';

/** The keys of a unit that name units, by what they become. */
const DEPENDENCY_KEYS: Readonly<Record<keyof Dependencies, string>> = {
  needs: 'needs',
  wants: 'wants',
  after: 'after',
  before: 'before',
  stopAfter: 'stop-after',
  stopBefore: 'stop-before',
  conflicts: 'conflicts',
};

/** A unit and what it was made from. */
export interface DefinedUnit {
  readonly definition: UnitDefinition;
  readonly instance: Instance;
}

/**
 * The definitions with each label that names instances replaced by theirs. Labels that name nothing are
 * complained about and left out; `mayBeMissing` says that not all labels are known.
 */
export function resolveNames(
  units: readonly DefinedUnit[],
  groups: readonly UnitGroup[],
  mayBeMissing: boolean,
  complaints: Complaint[],
): readonly DefinedUnit[] {
  const members = new Map(groups.map((group) => [group.label, group.members]));
  for (const { definition } of units) members.set(definition.label, [definition.label]);
  return units.map(({ definition, instance }) => {
    const resolve = (key: keyof Dependencies): readonly string[] => {
      const found = definition.dependencies[key].flatMap((label) => {
        const named = members.get(label);
        if (named === undefined && !mayBeMissing)
          complaints.push(unknownUnit(instance, key, label, members.keys()));
        return named ?? [];
      });
      return [...new Set(found)];
    };
    const dependencies: Dependencies = {
      needs: resolve('needs'),
      wants: resolve('wants'),
      after: resolve('after'),
      before: resolve('before'),
      stopAfter: resolve('stopAfter'),
      stopBefore: resolve('stopBefore'),
      conflicts: resolve('conflicts'),
    };
    return { instance, definition: { ...definition, dependencies } };
  });
}

function unknownUnit(
  instance: Instance,
  key: keyof Dependencies,
  label: string,
  known: Iterable<string>,
): Complaint {
  const path = pathOf(instance, key, label);
  const meant = nearest(label, known);
  return {
    kind: 'unknown-unit',
    place: placeOf(instance.tree, path),
    key: showPath(['units', instance.declared, ...path]),
    message: `there is no unit ${label}`,
    found: label,
    ...(meant === undefined ? {} : { nearest: meant }),
  };
}

/** Complaints about orders that nobody can keep, where the first step of the circle is said. */
export function cycleComplaints(units: readonly DefinedUnit[]): readonly Complaint[] {
  const byLabel = new Map(units.map((made) => [made.definition.label, made.instance]));
  return orderCycles(units.map(({ definition }) => definition)).flatMap(({ path, first: { said } }) => {
    const instance = byLabel.get(said.label);
    if (instance === undefined) return [];
    const at = pathOf(instance, said.key, said.other);
    const key = showPath(['units', instance.declared, ...at]);
    return [{ kind: 'dependency-cycle', place: placeOf(instance.tree, at), key, message: path }];
  });
}

/** Complaints about units that would start two that exclude each other, where none of their own keys has shown that. */
export function rivalComplaints(
  units: readonly DefinedUnit[],
  found: readonly Complaint[],
): readonly Complaint[] {
  const told = new Set(found.filter(({ kind }) => kind === 'contradiction').map(({ key }) => key));
  const byLabel = new Map(units.map((made) => [made.definition.label, made]));
  return pulledRivals(units.map(({ definition }) => definition)).flatMap(
    ({ label, rivals: [one, other] }) => {
      const made = byLabel.get(label);
      if (made === undefined) return [];
      const { instance } = made;
      const excluded = label === one ? other : label === other ? one : undefined;
      const key = showPath(['units', instance.declared]);
      if (told.has(`${key}.conflicts`)) return [];
      const message =
        excluded === undefined
          ? `${label} starts both ${one} and ${other}, which exclude each other`
          : `${label} starts ${excluded}, and they exclude each other`;
      return [{ kind: 'contradiction', place: instance.place, key, message }];
    },
  );
}

/** Where a unit names another under a key: the item of the list, or the value itself. */
function pathOf(instance: Instance, key: keyof Dependencies, label: string): TreePath {
  const name = DEPENDENCY_KEYS[key];
  const value = instance.tree.entries.get(name)?.value;
  const index =
    value?.kind === 'list'
      ? value.items.findIndex((item) => item.kind === 'text' && item.text === label)
      : -1;
  return index < 0 ? [name] : [name, index];
}
