import type { Configuration } from './configuration.ts';
import { isSameData } from './same.ts';
import { unitChanges, type UnitChanges } from './unit-changes.ts';

/** What has become of a unit between two configurations. */
export type UnitChange =
  | { readonly kind: 'added' | 'removed' | 'unchanged'; readonly label: string }
  /** At least one key of the two kinds. */
  | { readonly kind: 'changed'; readonly label: string; readonly keys: UnitChanges };

/** By what two configurations differ. */
export interface Difference {
  /** Every unit of both: those of the later one in its order, then what it has no more, in the order of the earlier. */
  readonly units: readonly UnitChange[];
  /** Keys beside the units. */
  readonly heads: readonly Head[];
}

export type Head = 'access' | 'ports' | 'monitor' | 'rc';

/** What a configuration changes that takes the place of another. Where a unit stands in which file is no change. */
export function differenceOf(before: Configuration, after: Configuration): Difference {
  const old = new Map(before.units.map((unit) => [unit.label, unit]));
  const units = after.units.map((unit): UnitChange => {
    const { label } = unit;
    const was = old.get(label);
    old.delete(label);
    if (was === undefined) return { kind: 'added', label };
    const keys = unitChanges(was, unit);
    const isSame = keys.restart.length === 0 && keys.takenOver.length === 0;
    return isSame ? { kind: 'unchanged', label } : { kind: 'changed', label, keys };
  });
  const removed = [...old.keys()].map((label): UnitChange => ({ kind: 'removed', label }));
  const heads: readonly (readonly [Head, unknown, unknown])[] = [
    ['access', before.access, after.access],
    ['ports', before.portPool, after.portPool],
    ['monitor', before.monitors, after.monitors],
    ['rc', before.rc, after.rc],
  ];
  return {
    units: [...units, ...removed],
    heads: heads.flatMap(([head, was, is]) => (isSameData(was, is) ? [] : [head])),
  };
}
