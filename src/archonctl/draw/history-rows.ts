import { binned, extremesOf, type Quantity } from '../story/history.ts';
import {
  CPU,
  extentOf,
  legendOf,
  MEMORY,
  PALETTE,
  pointsOf,
  subtitleOf,
  titleOf,
  WIDTH,
  type Past,
} from './history.ts';
import { ground, lineOf, timeAxis, type Place } from './panel.ts';
import type { Measure } from './spark.ts';
import { COLOURS, cutMiddleToWidth, element, escaped, picture, px, text } from './svg.ts';

const MARGIN = 24;
const AXIS = 64;
const PANEL = 150;
const PANEL_GAP = 44;
const ROW = 30;
const NAME = 250;
const FIGURES = 100;
/** So many have a colour in the sums; the others are put together. */
const LARGEST = 7;
const OTHERS = '#b8c2cc';
/** Parts that a sum is drawn in. */
const BINS = 240;

/** What many units have used: all together as areas one upon the other, then a row for each, the busiest first. */
export function historyRowsPicture(pasts: readonly Past[], leftOut: number): string {
  const { from, to } = extentOf(pasts);
  const title = leftOut === 0 ? titleOf(pasts) : `${pasts.length} of ${pasts.length + leftOut} units`;
  const place = (top: number): Place => ({
    left: MARGIN + AXIS,
    top,
    width: WIDTH - 2 * MARGIN - AXIS,
    height: PANEL,
    from,
    to,
  });
  const first = 110;
  const second = first + PANEL + PANEL_GAP;
  const table = second + PANEL + 78;
  const ranked = [...pasts].sort((one, other) => weightOf(other, 'cpu') - weightOf(one, 'cpu'));
  const byMemory = [...pasts].sort((one, other) => weightOf(other, 'memory') - weightOf(one, 'memory'));
  /* A unit has the same colour in both sums. */
  const large = [...new Set(ranked.slice(0, 4).concat(byMemory.slice(0, LARGEST)))].slice(0, LARGEST);
  const colours = new Map(large.map(({ label }, at) => [label, PALETTE[at % PALETTE.length] ?? OTHERS]));
  const legend = legendOf([
    ...large.map(({ label }) => ({ says: label, fill: colours.get(label) ?? OTHERS })),
    { says: `${pasts.length - large.length} others`, fill: OTHERS },
  ]);
  const legendHeight = Math.max(...legend.map(({ row }) => row)) * 20;
  const stack = (top: number, quantity: Quantity, name: string, how: typeof CPU): readonly string[] =>
    stacked(ranked, colours, place(top + legendHeight), quantity, name, how);
  const parts = [
    text(MARGIN, 28, title, { 'font-size': 16, 'font-weight': 600 }),
    text(MARGIN, 50, subtitleOf(from, to), { fill: COLOURS.faint, 'font-size': 11 }),
    ...legend.map(({ markup }) => markup),
    ...stack(first, 'cpu', 'Processor, in percent of one, all together', CPU),
    ...stack(second, 'memory', 'Memory, all together', MEMORY),
    ...timeAxis(place(second + legendHeight)),
    ...rows(ranked, colours, table + legendHeight, { from, to }),
  ];
  return picture(WIDTH, table + legendHeight + ranked.length * ROW + MARGIN, title, parts);
}

/** How much of it there was over the whole time. */
function weightOf({ samples }: Past, quantity: Quantity): number {
  return samples.reduce((sum, sample) => sum + (sample[quantity] ?? 0), 0);
}

/** Areas one upon the other, the largest at the bottom. */
function stacked(
  pasts: readonly Past[],
  colours: ReadonlyMap<string, string>,
  place: Place,
  quantity: Quantity,
  title: string,
  how: typeof CPU,
): readonly string[] {
  const named = pasts.filter(({ label }) => colours.has(label));
  const others = pasts.filter(({ label }) => !colours.has(label));
  const valuesOf = ({ samples }: Past): readonly Measure[] =>
    binned(samples, quantity, place.from, place.to, BINS);
  const sums = others
    .map(valuesOf)
    .reduce<number[]>(
      (sum, values) => sum.map((one, at) => one + (values[at] ?? 0)),
      new Array<number>(BINS).fill(0),
    );
  const layers = [
    ...named.map((past) => ({
      name: past.label,
      colour: colours.get(past.label) ?? OTHERS,
      values: valuesOf(past),
    })),
    { name: 'others', colour: OTHERS, values: sums },
  ];
  const tops: number[] = new Array<number>(BINS).fill(0);
  const bands = layers.map(({ name, colour, values }) => {
    const from = [...tops];
    for (let at = 0; at < BINS; at += 1) tops[at] = (tops[at] ?? 0) + (values[at] ?? 0);
    return { name, colour, from, to: [...tops] };
  });
  const scale = how.scale(Math.max(...tops));
  const x = (at: number): number => place.left + ((at + 0.5) / BINS) * place.width;
  const y = (value: number): number => place.top + place.height - (value / scale.top) * place.height;
  return [
    ...ground(place, title, scale, how.shown),
    ...bands.map(({ name, colour, from, to }) => {
      const above = to.map((value, at) => `${at === 0 ? 'M' : 'L'}${px(x(at))} ${px(y(value))}`);
      const below = from.map((value, at) => `L${px(x(at))} ${px(y(value))}`).reverse();
      const d = `${above.join('')}${below.join('')}Z`;
      return element('path', { d, fill: colour, opacity: 0.82 }, element('title', {}, escaped(name)));
    }),
  ];
}

/** A row for each unit: its name, and processor and memory, each on a scale of its own. */
function rows(
  pasts: readonly Past[],
  colours: ReadonlyMap<string, string>,
  top: number,
  time: Pick<Place, 'from' | 'to'>,
): readonly string[] {
  const chart = (WIDTH - 2 * MARGIN - NAME - 2 * FIGURES - 30) / 2;
  const columns = [
    { quantity: 'cpu', left: MARGIN + NAME, title: 'Processor', how: CPU, least: 5 },
    {
      quantity: 'memory',
      left: MARGIN + NAME + chart + FIGURES + 30,
      title: 'Memory',
      how: MEMORY,
      least: 1024,
    },
  ] as const;
  const heads = columns.flatMap(({ left, title }) => [
    text(left, top - 14, title, { 'font-weight': 600 }),
    text(left + chart + 8, top - 14, 'last', { 'font-size': 10, fill: COLOURS.faint }),
    text(left + chart + 54, top - 14, 'most', { 'font-size': 10, fill: COLOURS.faint }),
  ]);
  const lines = pasts.map(({ label, samples }, index) => {
    const y = top + index * ROW;
    const colour = colours.get(label) ?? COLOURS.faint;
    const stripe =
      index % 2 === 0
        ? element('rect', { x: 0, y, width: WIDTH, height: ROW, fill: COLOURS.stripe, opacity: 0.75 })
        : '';
    const dot = element('circle', { cx: MARGIN + 4, cy: y + ROW / 2, r: 4, fill: colour });
    const name = cutMiddleToWidth(label, NAME - 30);
    const cells = columns.map(({ quantity, left, how, least }) => {
      const found = extremesOf(samples, quantity);
      if (found === undefined) return '';
      const place = { left, top: y + 4, width: chart, height: ROW - 8, ...time };
      const runs = pointsOf(samples, quantity);
      const line = lineOf({ name: label, colour, runs, isFilled: true }, place, Math.max(least, found.most));
      return (
        line +
        text(left + chart + 8, y + ROW / 2, how.shown(found.last), { 'font-size': 11 }) +
        text(left + chart + 54, y + ROW / 2, how.shown(found.most), { 'font-size': 11, fill: COLOURS.faint })
      );
    });
    const said = element('title', {}, escaped(label));
    return element('g', {}, said + stripe + dot + text(MARGIN + 16, y + ROW / 2, name) + cells.join(''));
  });
  return [...heads, ...lines];
}
