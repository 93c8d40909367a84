import type { Entry, MapTree } from './tree.ts';

/** Keys of which a unit's own setting adds to that of `defaults`, name by name, instead of taking its place. */
const MERGED = new Set(['env', 'rlimits']);

/** One of these takes the place of the other. */
const EXCLUSIVE = ['command', 'script'] as const;

/** A unit with what `defaults` say where it says nothing. A key that is there but empty takes the default away. */
export function withDefaults(unit: MapTree, defaults: MapTree | undefined): MapTree {
  if (defaults === undefined) return unit;
  const entries = new Map<string, Entry>(unit.entries);
  const hasProgram = EXCLUSIVE.some((key) => unit.entries.has(key));
  for (const [key, entry] of defaults.entries) {
    const own = unit.entries.get(key);
    if (own === undefined) {
      if (!hasProgram || !EXCLUSIVE.some((name) => name === key)) entries.set(key, entry);
    } else if (MERGED.has(key) && own.value.kind === 'map' && entry.value.kind === 'map') {
      const value: MapTree = {
        ...own.value,
        entries: new Map([...entry.value.entries, ...own.value.entries]),
      };
      entries.set(key, { ...own, value });
    }
  }
  return { ...unit, entries };
}
