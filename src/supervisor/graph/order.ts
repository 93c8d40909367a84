import { findCycles, type Edge } from './cycles.ts';
import type { Dependencies, Depending } from './dependencies.ts';

/** Why one unit has to wait for another, as the sentence of a cycle says it: `from` `word` `to`. */
export interface OrderEdge extends Edge {
  readonly word: string;
  /** The unit and the key that say so. */
  readonly said: { readonly label: string; readonly key: keyof Dependencies; readonly other: string };
}

/** The order in which units start. */
export function startEdges(units: readonly Depending[]): readonly OrderEdge[] {
  return units.flatMap(({ label, dependencies }) => [
    ...edgesOf(label, dependencies, 'needs', 'needs'),
    ...edgesOf(label, dependencies, 'wants', 'wants'),
    ...edgesOf(label, dependencies, 'after', 'after'),
    ...edgesOf(label, dependencies, 'before', 'starts after', true),
  ]);
}

/**
 * The order in which units stop: that of the start turned round, but where `stop-after` or `stop-before` says
 * something of the two. What a unit needs stops after it whatever these say.
 */
export function stopEdges(units: readonly Depending[]): readonly OrderEdge[] {
  const own = units.flatMap(({ label, dependencies }) => [
    ...edgesOf(label, dependencies, 'stopAfter', 'stop-after'),
    ...edgesOf(label, dependencies, 'stopBefore', 'stops after', true),
  ]);
  const differing = new Set(own.flatMap(({ from, to }) => [`${from} ${to}`, `${to} ${from}`]));
  const turned = startEdges(units)
    .filter(({ from, to, word }) => word === 'needs' || !differing.has(`${from} ${to}`))
    .map(({ from, to, said }): OrderEdge => ({ from: to, to: from, word: 'stops after', said }));
  return [...own, ...turned];
}

function edgesOf(
  label: string,
  dependencies: Dependencies,
  key: keyof Dependencies,
  word: string,
  isTurned = false,
): readonly OrderEdge[] {
  return dependencies[key].map((other) => {
    const said = { label, key, other };
    return isTurned ? { from: other, to: label, word, said } : { from: label, to: other, word, said };
  });
}

/** A cycle in the order of units. */
export interface OrderCycle {
  /** `a needs b needs c needs a`. */
  readonly path: string;
  readonly first: OrderEdge;
}

/** The cycles of the order in which units start; where there are none, of that in which they stop. */
export function orderCycles(units: readonly Depending[]): readonly OrderCycle[] {
  const starting = findCycles(startEdges(units));
  const found = starting.length > 0 ? starting : findCycles(stopEdges(units));
  return found.map((cycle) => {
    const [first] = cycle;
    const path = `${first.from}${cycle.map(({ word, to }) => ` ${word} ${to}`).join('')}`;
    return { path, first };
  });
}
