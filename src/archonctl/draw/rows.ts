import type { Axis } from './time-axis.ts';
import { COLOURS, cutToWidth, element, FONT_SIZE, px, text } from './svg.ts';

/** A part of a row: what goes on from one instant to another, in milliseconds from the beginning. */
export interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fill: string;
  /** Nothing is done meanwhile: a thin line, so that what is done stands out. */
  readonly isIdle?: boolean;
}

/** A row of a time chart. */
export interface Row {
  readonly name: string;
  readonly bars: readonly Bar[];
  /** Stands behind the bars. */
  readonly note: string;
  readonly isCritical: boolean;
  /** What it was for is reached where its bars end; the others are not counted. */
  readonly isReached: boolean;
  /** Rows in front of which this one comes; a line leads from the end of each to its beginning. By their indexes. */
  readonly after: readonly number[];
}

/** How high rows are, and how large what stands in them, in pixels. */
export interface Look {
  readonly row: number;
  readonly bar: number;
  readonly idle: number;
  readonly name: number;
  readonly note: number;
}

/** Where rows are drawn. */
export interface Ground {
  readonly axis: Axis;
  readonly look: Look;
  readonly top: number;
  readonly left: number;
  readonly nameWidth: number;
  readonly width: number;
}

/** Between a name or a note and the bars. */
export const GAP = 10;
const LEAST_BAR = 1.5;

/** What is behind all rows: a stripe for every second one, and for each that is critical. */
export function stripesOf(rows: readonly Row[], { look, top, width }: Ground): string[] {
  return rows.flatMap(({ isCritical }, index) => {
    if (!isCritical && index % 2 > 0) return [];
    const fill = isCritical ? COLOURS.criticalStripe : COLOURS.stripe;
    return [
      element('rect', { x: 0, y: top + index * look.row, width, height: look.row, fill, opacity: 0.75 }),
    ];
  });
}

/** Names, bars and notes. */
export function barsOf(rows: readonly Row[], ground: Ground): string[] {
  return rows.map((row, index) => rowOf(row, middleOf(index, ground), ground));
}

/** Lines along the critical path only, from what was waited for last: of all others there would be too many to follow one. */
export function linksOf(rows: readonly Row[], ground: Ground): string[] {
  const { x } = ground.axis;
  return rows.flatMap((row, index) => {
    if (!row.isCritical) return [];
    const ends = new Map(
      row.after.flatMap((other) => {
        const before = rows[other];
        return before?.isCritical === true ? [[other, endOf(before)] as const] : [];
      }),
    );
    const [last] = [...ends].sort(([, one], [, other]) => other - one);
    if (last === undefined) return [];
    const [other, endMs] = last;
    const toX = Math.max(x(row.bars[0]?.fromMs ?? 0), x(endMs));
    const d = `M${px(x(endMs))} ${px(middleOf(other, ground))} V${px(middleOf(index, ground))} H${px(toX)}`;
    return [
      element('path', { d, fill: 'none', stroke: COLOURS.critical, 'stroke-width': 1.2, opacity: 0.7 }),
    ];
  });
}

/** When the last of its bars ends. */
export function endOf({ bars }: Row): number {
  return bars.reduce((latest, { toMs }) => Math.max(latest, toMs), 0);
}

function middleOf(index: number, { look, top }: Ground): number {
  return top + index * look.row + look.row / 2;
}

function rowOf(row: Row, y: number, { axis, look, left, nameWidth }: Ground): string {
  const bars = row.bars.map(({ fromMs, toMs, fill, isIdle }) => {
    const height = isIdle === true ? look.idle : look.bar;
    const isMarked = row.isCritical && isIdle !== true;
    return element('rect', {
      x: axis.x(fromMs),
      y: y - height / 2,
      width: Math.max(LEAST_BAR, axis.x(toMs) - axis.x(fromMs)),
      height,
      rx: Math.min(2, height / 2),
      fill,
      stroke: isMarked ? COLOURS.critical : undefined,
      'stroke-width': isMarked ? 1.2 : undefined,
    });
  });
  const weight = row.isCritical ? { 'font-weight': 600, fill: COLOURS.critical } : {};
  const name = cutToWidth(row.name, (nameWidth * FONT_SIZE) / look.name);
  return [
    text(left - GAP, y, name, { 'font-size': look.name, 'text-anchor': 'end', ...weight }),
    ...bars,
    /* With a rim of the ground, so that a line that passes does not cross it out. */
    text(axis.x(endOf(row)) + 6, y, row.note, {
      'font-size': look.note,
      fill: COLOURS.faint,
      stroke: COLOURS.ground,
      'stroke-width': 3,
      'paint-order': 'stroke',
    }),
  ].join('');
}
