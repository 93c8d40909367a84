import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layered, type Link } from '../../../src/archonctl/draw/layers.ts';
import { placesIn } from '../../../src/archonctl/draw/places.ts';

const graph = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: 80 }))
  .map(([count, pairs]) => {
    const links: Link[] = pairs
      .map(([one, other]) => [one % count, other % count] as const)
      .filter(([one, other]) => one !== other)
      .map(([one, other]) => ({ from: Math.max(one, other), to: Math.min(one, other) }));
    return { count, links };
  });

describe('a graph in layers', () => {
  it('has each node once, behind all that it links to', () => {
    fc.assert(
      fc.property(graph, ({ count, links }) => {
        const { layerOf, layers } = layered(count, links);
        const nodes = layers.flat().filter((node) => node < count);
        expect([...nodes].sort((one, other) => one - other)).toEqual(
          Array.from({ length: count }, (_, node) => node),
        );
        for (const [layer, members] of layers.entries())
          for (const node of members) if (node < count) expect(layerOf[node]).toBe(layer);
        for (const { from, to } of links) expect(layerOf[to]).toBeLessThan(layerOf[from] ?? 0);
      }),
    );
  });

  it('leads each link from one end to the other', () => {
    fc.assert(
      fc.property(graph, ({ count, links }) => {
        const { ways } = layered(count, links);
        expect(ways.map((way) => [way.at(-1), way[0]])).toEqual(links.map(({ from, to }) => [from, to]));
      }),
    );
  });

  it('gives every node of a layer its room, in the order of the layer', () => {
    fc.assert(
      fc.property(graph, ({ count, links }) => {
        const layering = layered(count, links);
        const roomOf = (node: number): number => (node < count ? 30 : 8);
        const y = placesIn(layering, count, roomOf);
        for (const layer of layering.layers)
          for (let at = 1; at < layer.length; at += 1) {
            const [above = 0, below = 0] = [layer[at - 1], layer[at]];
            const least = (roomOf(above) + roomOf(below)) / 2;
            expect((y[below] ?? 0) - (y[above] ?? 0)).toBeGreaterThanOrEqual(least - 1e-6);
          }
        for (const [node, place] of y.entries())
          expect(place - roomOf(node) / 2).toBeGreaterThanOrEqual(-1e-6);
      }),
    );
  });

  it('crosses no links where that is possible', () => {
    /* Two chains that are given crossed. */
    const links = [
      { from: 2, to: 1 },
      { from: 3, to: 0 },
      { from: 4, to: 3 },
      { from: 5, to: 2 },
    ];
    const { layers } = layered(6, links);
    const [first = [], second = [], third = []] = layers;
    expect(second.map((node) => links.find(({ from }) => from === node)?.to)).toEqual(first);
    expect(third.map((node) => links.find(({ from }) => from === node)?.to)).toEqual(second);
  });
});
