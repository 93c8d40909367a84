import { describe, expect, it } from 'vitest';
import { timeChart } from '../../../src/archonctl/draw/bars.ts';
import { graphPicture } from '../../../src/archonctl/draw/graph.ts';
import type { Row } from '../../../src/archonctl/draw/rows.ts';
import { chartRows, measuredOf, type PlanStep } from '../../../src/archonctl/story/steps.ts';
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

/** Where texts of this content stand: their lines, from the top. */
function heightsOf(svg: string, said: string): number[] {
  return [...svg.matchAll(/<text([^>]*)>([^<]*)</g)]
    .filter(([, , content]) => content === said)
    .map(([, tag = '']) => Number(attributes(tag).get('y')));
}

describe('a chart of times', () => {
  const words = { title: 'Start', legend: [], counts: 'of them' };
  const row = (fromMs: number, toMs: number, more: Partial<Row> = {}): Row => ({
    name: 'web',
    bars: [{ fromMs, toMs, fill: '#00ff00' }],
    note: `took ${toMs - fromMs}`,
    isCritical: false,
    isReached: true,
    after: [],
    ...more,
  });
  /** One after the other; every tenth is critical, and comes after the tenth before it. */
  const street = (count: number): Row[] =>
    Array.from({ length: count }, (_, at) =>
      row(at * 10, at * 10 + 10, {
        name: `u${at}`,
        isCritical: at % 10 === 0,
        isReached: at !== 1,
        after: at % 10 === 0 && at > 0 ? [at - 10] : [],
      }),
    );

  it.for([0, 0.4, 900, 90_000, 7_200_000])('is drawn for %d milliseconds', (ms) => {
    const svg = timeChart(words, [row(0, ms), row(ms / 2, ms, { isCritical: true, after: [0] })]);
    expectWellFormed(svg);
    const [width] = sizeOf(svg);
    expect(width).toBeLessThan(1500);
    expect(svg.match(/<line/g)?.length ?? 0).toBeLessThan(12);
  });

  it('is drawn of nothing, and of names of any kind', () => {
    expectWellFormed(timeChart({ ...words, title: 'Nothing' }, []));
    const named = row(0, 1, { name: `${'long'.repeat(100)}<b>`, note: '"&' });
    expectWellFormed(
      timeChart({ title: '<&>', legend: [{ fill: '#000', says: '<' }], counts: '&' }, [named]),
    );
  });

  it.for([5, 50])('of %d rows has each once, and a line along what is critical', (count) => {
    const svg = timeChart(words, street(count));
    expectWellFormed(svg);
    for (let at = 0; at < count; at += 1) expect(heightsOf(svg, `u${at}`)).toHaveLength(1);
    expect(svg.match(/<path/g) ?? []).toHaveLength(Math.ceil(count / 10) - 1);
  });

  it('of 500 rows begins with how many came how far and the critical path, and says its scale again and again', () => {
    const svg = timeChart(words, street(500));
    expectWellFormed(svg);
    const [width, height] = sizeOf(svg);
    expect(width).toBeLessThan(1500);
    expect(svg).toContain('499 of them');
    /* A line for each but the first of the path, and the curve with what is below it. */
    expect(svg.match(/<path/g) ?? []).toHaveLength(49 + 2);
    const all = Array.from({ length: 500 }, (_, at) => heightsOf(svg, `u${at}`));
    expect(all.map((heights) => heights.length)).toEqual(all.map((_, at) => (at % 10 === 0 ? 2 : 1)));
    const below = all.map((heights) => heights.at(-1) ?? 0);
    for (const [at, y] of below.slice(1).entries()) expect(y - (below[at] ?? 0)).toBeGreaterThan(12);
    expect(below.at(-1)).toBeLessThan(height);
    const scales = heightsOf(svg, '2s').filter((y) => y > (below[0] ?? 0));
    for (const y of below.slice(40)) expect(scales.some((scale) => y > scale && y - scale < 700)).toBe(true);
  });

  it('draws one line to what comes after several that are critical: from the one that ended last', () => {
    const rows = [
      row(0, 10, { isCritical: true }),
      row(10, 30, { isCritical: true, after: [0] }),
      row(30, 40, { isCritical: true, after: [0, 1] }),
    ];
    expect(timeChart(words, rows).match(/<path/g) ?? []).toHaveLength(2);
  });
});

describe('a chart of a plan', () => {
  const step = (number: number, after: number[], expectedSeconds: number | null): PlanStep => ({
    number,
    label: `u${number}`,
    action: 'stop',
    after,
    expectedSeconds,
    critical: false,
  });

  it('shows the order, in turns, where of no step is known how long it takes', () => {
    const steps = [step(1, [], null), step(2, [1], null), step(3, [1, 2], null)];
    expect(measuredOf(steps)).toBe('turns');
    expect(chartRows(steps).map(({ bars }) => bars.map(({ fromMs, toMs }) => [fromMs, toMs]))).toEqual([
      [[0, 1]],
      [[1, 2]],
      [[2, 3]],
    ]);
  });

  it('shows times as soon as one is known', () => {
    const steps = [step(1, [], 2), step(2, [1], null)];
    expect(measuredOf(steps)).toBe('time');
    const [first, second] = chartRows(steps);
    expect(first?.bars[0]?.toMs).toBe(2000);
    expect(second?.bars[0]).toMatchObject({ fromMs: 2000, toMs: 2000 });
    expect(second?.note).toBe('stop, for how long is not known');
  });
});
