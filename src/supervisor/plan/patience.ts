import type { Graph } from '../graph/graph.ts';

/**
 * How long the stop of everything takes at most, in milliseconds: the longest chain of those that wait for each other,
 * where each takes all the time that it is given.
 *
 * @param patienceOf the time that a unit is given; 0 where nothing of it is there
 */
export function longestStop(graph: Graph, patienceOf: (label: string) => number): number {
  const over = new Map<string, number>();
  let longest = 0;
  for (const node of [...graph.values()].sort((one, other) => one.stopRank - other.stopRank)) {
    let begins = 0;
    for (const others of [node.neededBy, node.stopsAfter])
      for (const { label } of others) begins = Math.max(begins, over.get(label) ?? 0);
    const ends = begins + patienceOf(node.label);
    over.set(node.label, ends);
    longest = Math.max(longest, ends);
  }
  return longest;
}
