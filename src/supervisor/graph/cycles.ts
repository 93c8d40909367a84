/** `from` cannot come before `to` has come. */
export interface Edge<N extends string = string> {
  readonly from: N;
  readonly to: N;
}

/**
 * The cycles of a graph: for each set of nodes that can all reach each other one of its shortest, as the
 * edges along it, the last of which leads back to where the first begins. In the order in which their
 * nodes first stand in `edges`; none for a graph that can be put into an order.
 *
 * Takes time in proportion to the edges where there is no cycle; no stack grows with the graph.
 */
export function findCycles<E extends Edge>(edges: readonly E[]): readonly (readonly [E, ...E[]])[] {
  const leaving = new Map<string, E[]>();
  for (const edge of edges) {
    const known = leaving.get(edge.from);
    if (known === undefined) leaving.set(edge.from, [edge]);
    else known.push(edge);
  }
  const left = nodesOnCycles(edges, leaving);
  const cycles: (readonly [E, ...E[]])[] = [];
  for (const { from } of edges) {
    if (!left.has(from)) continue;
    const cycle = shortestCycle(from, leaving, left);
    if (cycle === undefined) {
      left.delete(from);
      continue;
    }
    cycles.push(cycle);
    for (const node of component(from, leaving, left)) left.delete(node);
  }
  return cycles;
}

/** What is left when nodes that nothing keeps are taken away (Kahn): nodes on cycles, and on ways between cycles. */
function nodesOnCycles<E extends Edge>(
  edges: readonly E[],
  leaving: ReadonlyMap<string, readonly E[]>,
): Set<string> {
  const waitedFor = new Map<string, number>();
  for (const { from, to } of edges) {
    waitedFor.set(to, (waitedFor.get(to) ?? 0) + 1);
    if (!waitedFor.has(from)) waitedFor.set(from, 0);
  }
  const left = new Set(waitedFor.keys());
  const free = [...left].filter((node) => waitedFor.get(node) === 0);
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    left.delete(node);
    for (const { to } of leaving.get(node) ?? []) {
      const count = (waitedFor.get(to) ?? 0) - 1;
      waitedFor.set(to, count);
      if (count === 0) free.push(to);
    }
  }
  return left;
}

/** A shortest way from `start` back to it through nodes that are `left`. */
function shortestCycle<E extends Edge>(
  start: string,
  leaving: ReadonlyMap<string, readonly E[]>,
  left: ReadonlySet<string>,
): readonly [E, ...E[]] | undefined {
  const arrivedBy = new Map<string, E>();
  const open = [start];
  for (const node of open) {
    for (const edge of leaving.get(node) ?? []) {
      if (edge.to === start) return wayBack(edge, start, arrivedBy);
      if (!left.has(edge.to) || arrivedBy.has(edge.to)) continue;
      arrivedBy.set(edge.to, edge);
      open.push(edge.to);
    }
  }
  return undefined;
}

function wayBack<E extends Edge>(
  last: E,
  start: string,
  arrivedBy: ReadonlyMap<string, E>,
): readonly [E, ...E[]] {
  const back: E[] = [];
  for (let edge = last; edge.from !== start;) {
    const before = arrivedBy.get(edge.from);
    if (before === undefined) throw new Error('a way back that nobody has gone');
    back.push(before);
    edge = before;
  }
  const [first = last, ...rest] = back.reverse();
  return first === last ? [last] : [first, ...rest, last];
}

/** All nodes that `start` reaches and that reach it. */
function component(
  start: string,
  leaving: ReadonlyMap<string, readonly Edge[]>,
  left: ReadonlySet<string>,
): ReadonlySet<string> {
  const entering = new Map<string, string[]>();
  const forward = new Set([start]);
  for (const node of forward) {
    for (const { to } of leaving.get(node) ?? []) {
      if (!left.has(to)) continue;
      forward.add(to);
      const known = entering.get(to);
      if (known === undefined) entering.set(to, [node]);
      else known.push(node);
    }
  }
  const both = new Set([start]);
  for (const node of both) for (const from of entering.get(node) ?? []) both.add(from);
  return both;
}
