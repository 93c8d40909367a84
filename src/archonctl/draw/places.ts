import type { Layering } from './layers.ts';

/** So often places are worked over. */
const ROUNDS = 24;

/**
 * Where in its layer each node stands, in pixels from the top: near its neighbours, in the order of the layer, with so much room as
 * each needs. Nodes that stand for passing links are drawn straight first of all.
 *
 * @param roomOf how much a node needs above and below its middle together
 */
export function placesIn(
  layering: Layering,
  count: number,
  roomOf: (node: number) => number,
): readonly number[] {
  const { layers, ways } = layering;
  const neighbours: { readonly node: number; readonly weight: number }[][] = [];
  const join = (one: number, other: number): void => {
    const weight = one >= count && other >= count ? 8 : one >= count || other >= count ? 2 : 1;
    (neighbours[one] ??= []).push({ node: other, weight });
    (neighbours[other] ??= []).push({ node: one, weight });
  };
  for (const way of ways) for (let at = 1; at < way.length; at += 1) join(way[at - 1] ?? 0, way[at] ?? 0);
  const y: number[] = [];
  for (const layer of layers) {
    let at = 0;
    for (const node of layer) {
      y[node] = at + roomOf(node) / 2;
      at += roomOf(node);
    }
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const sequence = round % 2 === 0 ? layers : [...layers].reverse();
    for (const layer of sequence) {
      const wished = layer.map((node) => {
        const near = neighbours[node] ?? [];
        const total = near.reduce((sum, { weight }) => sum + weight, 0);
        const sum = near.reduce((all, { node: other, weight }) => all + weight * (y[other] ?? 0), 0);
        return total === 0 ? (y[node] ?? 0) : sum / total;
      });
      for (const [at, place] of apart(layer.map(roomOf), wished).entries()) y[layer[at] ?? 0] = place;
    }
  }
  const top = Math.min(...y.map((place, node) => place - roomOf(node) / 2));
  return y.map((place) => place - top);
}

/** The places nearest to those wished for in which all have their room, in this order: the exact answer for squares of distances (pool adjacent violators). */
function apart(rooms: readonly number[], wished: readonly number[]): number[] {
  const offsets: number[] = [];
  let sum = 0;
  for (const [at, room] of rooms.entries()) {
    sum += at === 0 ? 0 : ((rooms[at - 1] ?? 0) + room) / 2;
    offsets.push(sum);
  }
  const blocks: { total: number; count: number }[] = [];
  for (const [at, wish] of wished.entries()) {
    let block = { total: wish - (offsets[at] ?? 0), count: 1 };
    for (let before = blocks.at(-1); before !== undefined; before = blocks.at(-1)) {
      if (before.total / before.count <= block.total / block.count) break;
      block = { total: before.total + block.total, count: before.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  }
  const places = blocks.flatMap(({ total, count }) => new Array<number>(count).fill(total / count));
  return places.map((place, at) => place + (offsets[at] ?? 0));
}
