import { formatDuration } from '../../base/duration.ts';
import { COLOURS, cutToWidth, element, picture, text, widthOf } from './svg.ts';

/** A part of a row: what goes on from one instant to another, in milliseconds from the beginning. */
export interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fill: string;
}

/** A row of a time chart. */
export interface Row {
  readonly name: string;
  readonly bars: readonly Bar[];
  /** Stands behind the bars. */
  readonly note: string;
  readonly isCritical: boolean;
  /** Rows in front of which this one comes; a line leads from the end of each to its beginning. By their indexes. */
  readonly after: readonly number[];
}

/** What colours mean. */
export interface Legend {
  readonly fill: string;
  readonly says: string;
}

const ROW = 22;
const BAR = 12;
const MARGIN = 16;
const TOP = 64;
const CHART = 640;
const GAP = 10;
const LEAST_BAR = 1.5;
const MOST_NAME = 260;

/** Rows of bars over a scale of time, one below the other; what is critical stands out. */
export function timeChart(title: string, rows: readonly Row[], legend: readonly Legend[]): string {
  const endMs = Math.max(1, ...rows.flatMap(({ bars }) => bars.map(({ toMs }) => toMs)));
  const nameWidth = Math.min(MOST_NAME, Math.max(60, ...rows.map(({ name }) => widthOf(name))));
  const noteWidth = Math.max(40, ...rows.map(({ note }) => widthOf(note)));
  const left = MARGIN + nameWidth + GAP;
  const x = (ms: number): number => left + (ms / endMs) * CHART;
  const width = Math.max(left + CHART + GAP + noteWidth + MARGIN, MARGIN * 2 + widthOf(title, 15));
  const height = TOP + rows.length * ROW + MARGIN;
  const parts = [
    text(MARGIN, 20, title, { 'font-size': 15, 'font-weight': 600 }),
    ...legendOf(legend),
    ...scaleOf(endMs, x, height),
    ...rows.map((row, index) => stripeOf(index, width, row)),
    ...linksOf(rows, x),
    ...rows.map((row, index) => rowOf(row, index, left, x, nameWidth)),
  ];
  return picture(width, height, title, parts);
}

const middleOf = (index: number): number => TOP + index * ROW + ROW / 2;

function legendOf(legend: readonly Legend[]): string[] {
  let x = MARGIN;
  return legend.map(({ fill, says }) => {
    const at = x;
    x += 12 + 5 + widthOf(says, 11) + 18;
    const box = element('rect', { x: at, y: 34, width: 12, height: 10, rx: 2, fill });
    return box + text(at + 17, 39, says, { 'font-size': 11, fill: COLOURS.faint });
  });
}

/** About eight lines, at whole steps. */
function scaleOf(endMs: number, x: (ms: number) => number, height: number): string[] {
  const step = stepOf(endMs / 7);
  const lines: string[] = [];
  for (let ms = 0; ms <= endMs; ms += step) {
    lines.push(
      element('line', { x1: x(ms), x2: x(ms), y1: TOP - 4, y2: height - MARGIN, stroke: COLOURS.line }),
      text(x(ms), TOP - 11, ms === 0 ? '0' : formatDuration(ms), {
        'font-size': 10,
        fill: COLOURS.faint,
        'text-anchor': 'middle',
      }),
    );
  }
  return lines;
}

/** The next of 1, 2, 5, 10 … milliseconds; of whole seconds, minutes and hours above these. */
function stepOf(ms: number): number {
  const unit = ms < 30_000 ? 1 : ms < 1_800_000 ? 60_000 : 3_600_000;
  const power = 10 ** Math.floor(Math.log10(ms / unit));
  const factor = [1, 2, 5, 10].find((one) => one * power * unit >= ms) ?? 10;
  return Math.max(1, factor * power * unit);
}

function stripeOf(index: number, width: number, { isCritical }: Row): string {
  const fill = isCritical ? '#fff7ed' : index % 2 === 0 ? COLOURS.stripe : 'none';
  return fill === 'none'
    ? ''
    : element('rect', { x: 0, y: TOP + index * ROW, width, height: ROW, fill, opacity: 0.75 });
}

function rowOf(row: Row, index: number, left: number, x: (ms: number) => number, nameWidth: number): string {
  const y = middleOf(index);
  const bars = row.bars.map(({ fromMs, toMs, fill }) =>
    element('rect', {
      x: x(fromMs),
      y: y - BAR / 2,
      width: Math.max(LEAST_BAR, x(toMs) - x(fromMs)),
      height: BAR,
      rx: 2,
      fill,
      stroke: row.isCritical ? COLOURS.critical : undefined,
      'stroke-width': row.isCritical ? 1.2 : undefined,
    }),
  );
  const endMs = Math.max(0, ...row.bars.map(({ toMs }) => toMs));
  const weight = row.isCritical ? { 'font-weight': 600, fill: COLOURS.critical } : {};
  return [
    text(left - GAP, y, cutToWidth(row.name, nameWidth), { 'text-anchor': 'end', ...weight }),
    ...bars,
    text(x(endMs) + 6, y, row.note, { 'font-size': 10.5, fill: COLOURS.faint }),
  ].join('');
}

/** Lines along the critical path only: of all others there would be too many to follow one. */
function linksOf(rows: readonly Row[], x: (ms: number) => number): string[] {
  return rows.flatMap((row, index) =>
    row.after.flatMap((other) => {
      const before = rows[other];
      if (!row.isCritical || before?.isCritical !== true) return [];
      const fromX = x(Math.max(0, ...before.bars.map(({ toMs }) => toMs)));
      const toX = x(row.bars[0]?.fromMs ?? 0);
      const [fromY, toY] = [middleOf(other), middleOf(index)];
      const d = `M${fromX} ${fromY} V${toY} H${Math.max(toX, fromX)}`;
      return [
        element('path', { d, fill: 'none', stroke: COLOURS.critical, 'stroke-width': 1.2, opacity: 0.7 }),
      ];
    }),
  );
}
