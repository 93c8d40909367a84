/** An edge between two nodes, by their indexes; `to` stands in an earlier layer. */
export interface Link {
  readonly from: number;
  readonly to: number;
}

/** Where nodes stand: in which layer, and in which place of it. */
export interface Layering {
  readonly layerOf: readonly number[];
  /** Nodes by their indexes, layer by layer, in their order; those from `count` on stand for edges that pass. */
  readonly layers: readonly (readonly number[])[];
  /** Each link, as the nodes along its way, its own ends included. */
  readonly ways: readonly (readonly number[])[];
}

/** So often the order of the layers is worked over; more changes little. */
const SWEEPS = 12;

/** A link that passes more layers goes straight instead of taking a place in each: in a large graph these would be more than nodes. */
const MOST_PASSED = 12;

/**
 * Puts the nodes of a graph without cycles into layers, each behind all that it links to, and orders each layer so that links cross
 * seldom (the median of the neighbours, to and fro, after Sugiyama, Tagawa and Toda 1981).
 */
export function layered(count: number, links: readonly Link[]): Layering {
  const layerOf = longestPaths(count, links);
  const layers: number[][] = [];
  const put = (node: number, layer: number): void => {
    (layers[layer] ??= []).push(node);
  };
  for (let node = 0; node < count; node += 1) put(node, layerOf[node] ?? 0);
  const up: number[][] = [];
  const down: number[][] = [];
  const join = (lower: number, upper: number): void => {
    (up[lower] ??= []).push(upper);
    (down[upper] ??= []).push(lower);
  };
  let next = count;
  const ways = links.map(({ from, to }) => {
    const way = [to];
    const last = layerOf[from] ?? 0;
    const first = layerOf[to] ?? 0;
    if (last - first <= MOST_PASSED)
      for (let layer = first + 1; layer < last; layer += 1) {
        way.push(next);
        put(next, layer);
        next += 1;
      }
    way.push(from);
    for (let at = 1; at < way.length; at += 1) join(way[at] ?? 0, way[at - 1] ?? 0);
    return way;
  });
  for (let layer = 0; layer < layers.length; layer += 1) layers[layer] ??= [];
  order(layers, up, down);
  return { layerOf, layers, ways };
}

/** The layer of each node: one more than the last of what it links to. */
function longestPaths(count: number, links: readonly Link[]): number[] {
  const layerOf = new Array<number>(count).fill(0);
  const waiting = new Array<number>(count).fill(0);
  const behind: number[][] = [];
  for (const { from, to } of links) {
    waiting[from] = (waiting[from] ?? 0) + 1;
    (behind[to] ??= []).push(from);
  }
  const open = Array.from({ length: count }, (_, node) => node).filter((node) => waiting[node] === 0);
  for (const node of open)
    for (const other of behind[node] ?? []) {
      layerOf[other] = Math.max(layerOf[other] ?? 0, (layerOf[node] ?? 0) + 1);
      waiting[other] = (waiting[other] ?? 0) - 1;
      if (waiting[other] === 0) open.push(other);
    }
  pullNear(layerOf, open, links);
  return layerOf;
}

/**
 * What is linked to by few, all of them far behind, stands just before these: but only what links to nothing itself, or to what can
 * come along at no cost.
 */
function pullNear(layerOf: number[], fromFirst: readonly number[], links: readonly Link[]): void {
  const nearest = new Array<number>(layerOf.length).fill(Infinity);
  const behind: number[][] = [];
  const ahead = new Array<number>(layerOf.length).fill(0);
  for (const { from, to } of links) {
    (behind[to] ??= []).push(from);
    ahead[from] = (ahead[from] ?? 0) + 1;
  }
  for (const node of [...fromFirst].reverse()) {
    const followers = behind[node] ?? [];
    nearest[node] = followers.reduce((least, other) => Math.min(least, layerOf[other] ?? Infinity), Infinity);
    /* Each link to what follows becomes shorter, each to what comes before longer. */
    if (followers.length > 0 && followers.length >= (ahead[node] ?? 0))
      layerOf[node] = (nearest[node] ?? 1) - 1;
  }
}

type Neighbours = readonly (readonly number[] | undefined)[];

function order(layers: number[][], up: Neighbours, down: Neighbours): void {
  const place: number[] = [];
  const note = (layer: readonly number[]): void => {
    for (const [at, node] of layer.entries()) place[node] = at;
  };
  layers.forEach(note);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers, up, place);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const isForward = sweep % 2 === 0;
    const sequence = isForward ? layers : [...layers].reverse();
    for (const layer of sequence) {
      sortByMedian(layer, isForward ? up : down, place);
      note(layer);
    }
    const now = crossings(layers, up, place);
    if (now >= fewest) continue;
    fewest = now;
    best = layers.map((layer) => [...layer]);
  }
  for (const [at, layer] of best.entries()) layers[at] = layer;
}

function sortByMedian(layer: number[], neighbours: Neighbours, place: readonly number[]): void {
  const weights = new Map(
    layer.map((node, at) => {
      const places = (neighbours[node] ?? [])
        .map((other) => place[other] ?? 0)
        .sort((one, other) => one - other);
      const middle = places.length >> 1;
      const low = places[middle - 1 + (places.length % 2)] ?? at;
      const high = places[middle] ?? at;
      return [node, (low + high) / 2] as const;
    }),
  );
  layer.sort((one, other) => (weights.get(one) ?? 0) - (weights.get(other) ?? 0));
}

/** How often links between neighbouring layers cross; counted as inversions. */
function crossings(layers: readonly (readonly number[])[], up: Neighbours, place: readonly number[]): number {
  let count = 0;
  for (const layer of layers) {
    const ends = layer.flatMap((node) =>
      (up[node] ?? []).map((other) => place[other] ?? 0).sort((one, other) => one - other),
    );
    count += inversions(ends);
  }
  return count;
}

/** Pairs that stand the wrong way round, by merging. */
function inversions(values: readonly number[]): number {
  let count = 0;
  const sort = (part: readonly number[]): number[] => {
    if (part.length < 2) return [...part];
    const middle = part.length >> 1;
    const left = sort(part.slice(0, middle));
    const right = sort(part.slice(middle));
    const merged: number[] = [];
    let at = 0;
    for (const value of right) {
      while (at < left.length && (left[at] ?? 0) <= value) merged.push(left[at++] ?? 0);
      count += left.length - at;
      merged.push(value);
    }
    return [...merged, ...left.slice(at)];
  };
  sort(values);
  return count;
}
