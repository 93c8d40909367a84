import type { Depending } from './dependencies.ts';

/** A unit whose start would start two that exclude each other: so it can never be started. */
export interface PulledRivals {
  readonly label: string;
  readonly rivals: readonly [string, string];
}

/**
 * The units that need or want two that exclude each other, of their own or through others, or one that excludes
 * themselves; of those that do so through each other only the ones where it comes together. Costs nothing where nothing
 * excludes anything; else as much as what stands above each such pair.
 */
export function pulledRivals(units: readonly Depending[]): readonly PulledRivals[] {
  const pullers = pullersOf(units);
  const found: PulledRivals[] = [];
  const seen = new Set<string>();
  for (const { label, dependencies } of units)
    for (const other of dependencies.conflicts) {
      const pair = [label, other].sort().join(' ');
      if (label === other || seen.has(pair)) continue;
      seen.add(pair);
      const one = above(label, pullers);
      const both = new Set([...above(other, pullers)].filter((puller) => one.has(puller)));
      for (const puller of both)
        if (!pulls(puller, both, pullers)) found.push({ label: puller, rivals: [label, other] });
    }
  return found;
}

function pullersOf(units: readonly Depending[]): ReadonlyMap<string, readonly string[]> {
  const pullers = new Map<string, string[]>();
  for (const { label, dependencies } of units)
    for (const other of [...dependencies.needs, ...dependencies.wants]) {
      const known = pullers.get(other);
      if (known === undefined) pullers.set(other, [label]);
      else known.push(label);
    }
  return pullers;
}

/** A unit, and all that start it when they are started. */
function above(label: string, pullers: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set([label]);
  for (const one of found) for (const puller of pullers.get(one) ?? []) found.add(puller);
  return found;
}

/** Whether it does so only because one of the others does. */
function pulls(
  label: string,
  others: ReadonlySet<string>,
  pullers: ReadonlyMap<string, readonly string[]>,
): boolean {
  return [...others].some((other) => pullers.get(other)?.includes(label) === true);
}
