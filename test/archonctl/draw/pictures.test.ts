import { describe, expect, it } from 'vitest';
import { timeChart, type Row } from '../../../src/archonctl/draw/bars.ts';
import { graphPicture } from '../../../src/archonctl/draw/graph.ts';
import { expectWellFormed } from './well-formed.ts';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function attributes(tag: string): ReadonlyMap<string, string> {
  return new Map(
    [...tag.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** The boxes of units: those that have a title of their own. */
function boxesIn(svg: string): Box[] {
  return [...svg.matchAll(/<rect([^>]*)><title>/g)].map(([, tag = '']) => {
    const read = attributes(tag);
    const at = (name: string): number => Number(read.get(name));
    return { x: at('x'), y: at('y'), width: at('width'), height: at('height') };
  });
}

function sizeOf(svg: string): readonly [number, number] {
  const root = attributes(/<svg([^>]*)>/.exec(svg)?.[1] ?? '');
  return [Number(root.get('width')), Number(root.get('height'))];
}

const STATES = ['running', 'failed', 'waiting', 'stopped'];

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, number) => {
    const own = [`u${number} ${number % 3 === 0 ? 'oneshot' : 'service'} ${STATES[number % 4] ?? ''}`];
    if (number % 5 > 0) own.push(`u${number} needs u${Math.floor(number / 2)}`);
    if (number % 4 > 2) own.push(`u${number} wants u${Math.floor(number / 3)}`);
    return own;
  })
    .flat()
    .filter((line) => !/^(\w+) \w+ \1$/.test(line));
}

describe('a picture of a graph', () => {
  it.for([1, 5, 50, 500])('has a box for each of %d units, none over another, all within it', (count) => {
    const svg = graphPicture(lines(count));
    expectWellFormed(svg);
    const boxes = boxesIn(svg);
    expect(boxes).toHaveLength(count);
    const [width, height] = sizeOf(svg);
    for (const [index, one] of boxes.entries()) {
      expect(one.x).toBeGreaterThan(0);
      expect(one.x + one.width).toBeLessThan(width);
      expect(one.y + one.height).toBeLessThan(height);
      for (const other of boxes.slice(index + 1)) {
        const isApart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(isApart).toBe(true);
      }
    }
  });

  it('is one of nothing too, and shows conflicts and what is said the other way round', () => {
    expectWellFormed(graphPicture([]));
    const svg = graphPicture([
      'a service running',
      'b service stopped',
      'a conflicts b',
      'c oneshot finished',
      'c before a',
      'a stop-after c',
      'c&<"> service running',
    ]);
    expectWellFormed(svg);
    const [a, , c] = boxesIn(svg);
    expect(svg).toContain('conflicts');
    expect(c?.x).toBeLessThan(a?.x ?? 0);
  });
});

describe('a chart of times', () => {
  const row = (fromMs: number, toMs: number, more: Partial<Row> = {}): Row => ({
    name: 'web',
    bars: [{ fromMs, toMs, fill: '#00ff00' }],
    note: `took ${toMs - fromMs}`,
    isCritical: false,
    after: [],
    ...more,
  });

  it.for([0, 0.4, 900, 90_000, 7_200_000])('is drawn for %d milliseconds', (ms) => {
    const svg = timeChart('Start', [row(0, ms), row(ms / 2, ms, { isCritical: true, after: [0] })], []);
    expectWellFormed(svg);
    const [width] = sizeOf(svg);
    expect(width).toBeLessThan(1500);
    expect(svg.match(/<line/g)?.length ?? 0).toBeLessThan(12);
  });

  it('is drawn of nothing, and of names of any kind', () => {
    expectWellFormed(timeChart('Nothing', [], []));
    expectWellFormed(
      timeChart(
        '<&>',
        [row(0, 1, { name: `${'long'.repeat(100)}<b>`, note: '"&' })],
        [{ fill: '#000', says: '<' }],
      ),
    );
  });
});
