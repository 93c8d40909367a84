import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCycles, type Edge } from '../../../src/supervisor/graph/cycles.ts';

/** Edges written as `a>b b>c`. */
function graph(text: string): Edge[] {
  return text
    .split(' ')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [from = '', to = ''] = pair.split('>');
      return { from, to };
    });
}

function cyclesOf(text: string): string[] {
  return findCycles(graph(text)).map((cycle) => cycle.map(({ from, to }) => `${from}>${to}`).join(' '));
}

describe('the cycles of a graph', () => {
  it('are none where it can be put into an order', () => {
    expect(cyclesOf('')).toEqual([]);
    expect(cyclesOf('a>b b>c a>c d>c')).toEqual([]);
  });

  it('are told as the way round', () => {
    expect(cyclesOf('a>b b>c c>a')).toEqual(['a>b b>c c>a']);
    expect(cyclesOf('a>a')).toEqual(['a>a']);
  });

  it('leave out what only leads to them, away from them, or from one to the other', () => {
    expect(cyclesOf('x>a a>b b>a b>m m>c c>d d>c d>y')).toEqual(['a>b b>a', 'c>d d>c']);
  });

  it('are each a shortest one through the node that was named first', () => {
    expect(cyclesOf('a>b b>c c>d d>a c>a')).toEqual(['a>b b>c c>a']);
  });

  it('are found without a stack that grows', () => {
    const long = Array.from({ length: 20_000 }, (_, at) => ({ from: `n${at}`, to: `n${at + 1}` }));
    expect(findCycles(long)).toEqual([]);
    const [cycle] = findCycles([...long, { from: 'n20000', to: 'n0' }]);
    expect(cycle?.length).toBe(20_001);
  });

  it('are there exactly where no order of the nodes keeps every edge', () => {
    const node = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    fc.assert(
      fc.property(fc.array(fc.record({ from: node, to: node }), { maxLength: 12 }), (edges) => {
        const cycles = findCycles(edges);
        for (const cycle of cycles) {
          cycle.forEach((edge, at) => {
            expect(edges).toContain(edge);
            expect(cycle[(at + 1) % cycle.length]?.from).toBe(edge.to);
          });
        }
        expect(cycles.length === 0).toBe(hasOrder(edges));
      }),
    );
  });
});

/** Takes away nodes that wait for none, again and again: an order exists where nothing is left. */
function hasOrder(edges: readonly Edge[]): boolean {
  let left = edges;
  for (;;) {
    const waiting = new Set(left.map(({ from }) => from));
    const next = left.filter(({ to }) => waiting.has(to));
    if (next.length === left.length) return left.length === 0;
    left = next;
  }
}
