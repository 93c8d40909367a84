import type { Edge } from './cycles.ts';
import type { Depending } from './dependencies.ts';
import { startEdges, stopEdges } from './order.ts';

/**
 * A unit among the others. What it is linked to stands in lists of nodes, so that an event of a unit costs as much
 * as it has neighbours, and nothing for the rest of the graph.
 */
export interface Node {
  readonly label: string;
  /** Its place in an order in which all that a unit comes after stands before it. */
  readonly startRank: number;
  /** Its place in an order in which all that has to stop before a unit stands before it. */
  readonly stopRank: number;
  readonly needs: readonly Node[];
  readonly neededBy: readonly Node[];
  readonly wants: readonly Node[];
  /** What it waits for when that is to start too: what it wants, and what it says to be after; not what it needs. */
  readonly startsAfter: readonly Node[];
  readonly startsBefore: readonly Node[];
  /** What it lets stop first when that is to stop too; not what needs it. */
  readonly stopsAfter: readonly Node[];
  readonly stopsBefore: readonly Node[];
  /** In both directions. */
  readonly conflicts: readonly Node[];
}

/** The units of a configuration, linked. It does not change; another configuration has another graph. */
export type Graph = ReadonlyMap<string, Node>;

type Links = { -readonly [K in keyof Node]: Node[K] extends readonly Node[] ? Node[] : Node[K] };

/**
 * The graph of these units. Their names must be known to each other and their orders without cycles (`orderCycles`):
 * anything else is a broken invariant.
 */
export function buildGraph(units: readonly Depending[]): Graph {
  const starts = startEdges(units);
  const stops = stopEdges(units);
  const startRanks = ranks(units, starts);
  const stopRanks = ranks(units, stops);
  const nodes = new Map<string, Links>();
  for (const { label } of units) nodes.set(label, newNode(label, startRanks, stopRanks));
  const at = (label: string): Links => known(nodes, label);

  for (const { label, dependencies } of units) {
    const node = at(label);
    link(node, 'needs', 'neededBy', dependencies.needs.map(at));
    node.wants.push(...dependencies.wants.map(at));
    link(node, 'conflicts', 'conflicts', dependencies.conflicts.map(at));
  }
  for (const { from, to } of starts)
    if (!at(from).needs.includes(at(to))) link(at(from), 'startsAfter', 'startsBefore', [at(to)]);
  for (const { from, to } of stops)
    if (!at(to).needs.includes(at(from))) link(at(from), 'stopsAfter', 'stopsBefore', [at(to)]);
  return nodes;
}

function newNode(label: string, startRanks: Ranks, stopRanks: Ranks): Links {
  return {
    label,
    startRank: known(startRanks, label),
    stopRank: known(stopRanks, label),
    needs: [],
    neededBy: [],
    wants: [],
    startsAfter: [],
    startsBefore: [],
    stopsAfter: [],
    stopsBefore: [],
    conflicts: [],
  };
}

type Side =
  'needs' | 'neededBy' | 'startsAfter' | 'startsBefore' | 'stopsAfter' | 'stopsBefore' | 'conflicts';

function link(node: Links, there: Side, back: Side, others: readonly Links[]): void {
  for (const other of others) {
    if (other === node || node[there].includes(other)) continue;
    node[there].push(other);
    other[back].push(node);
  }
}

type Ranks = ReadonlyMap<string, number>;

/** Numbers such that `to` comes before `from` for each edge (Kahn); among equals in the order of the units. */
function ranks(units: readonly Depending[], edges: readonly Edge[]): Ranks {
  const waiting = new Map(units.map(({ label }) => [label, 0]));
  const waitedForBy = new Map<string, string[]>();
  for (const { from, to } of edges) {
    waiting.set(from, known(waiting, from) + 1);
    const others = waitedForBy.get(to);
    if (others === undefined) waitedForBy.set(to, [from]);
    else others.push(from);
  }
  const order = units.map(({ label }) => label).filter((label) => waiting.get(label) === 0);
  for (const label of order) {
    for (const other of waitedForBy.get(label) ?? []) {
      const left = known(waiting, other) - 1;
      waiting.set(other, left);
      if (left === 0) order.push(other);
    }
  }
  if (order.length < units.length) throw new Error('the order of the units has a cycle');
  return new Map(order.map((label, rank) => [label, rank]));
}

function known<T>(map: ReadonlyMap<string, T>, label: string): T {
  const found = map.get(label);
  if (found === undefined) throw new Error(`there is no unit ${label}`);
  return found;
}
