import { formatDuration } from '../../base/duration.ts';
import { COLOURS, element, text } from './svg.ts';

/** What is measured from the left to the right: milliseconds, or what can only be counted because nobody knows how long it takes. */
export type Measured = 'time' | 'turns';

/** Where the values of an axis stand, in pixels. */
export interface Axis {
  readonly measured: Measured;
  readonly end: number;
  readonly x: (value: number) => number;
}

/** An axis from 0 to `end`, over so many pixels from `left` on. */
export function axisFrom(measured: Measured, end: number, left: number, width: number): Axis {
  return { measured, end, x: (value) => left + (value / end) * width };
}

/** Lines from the top to the bottom of what the axis is for. */
export function axisLines(axis: Axis, top: number, bottom: number): string[] {
  return ticksOf(axis).map((value) =>
    element('line', { x1: axis.x(value), x2: axis.x(value), y1: top, y2: bottom, stroke: COLOURS.line }),
  );
}

/** What the lines stand for, in words; `y` is the middle of them. */
export function axisWords(axis: Axis, y: number): string[] {
  return ticksOf(axis).map((value) =>
    text(axis.x(value), y, value === 0 || axis.measured === 'turns' ? String(value) : formatDuration(value), {
      'font-size': 10,
      fill: COLOURS.faint,
      'text-anchor': 'middle',
    }),
  );
}

/** About eight, at whole steps. */
function ticksOf({ end }: Axis): readonly number[] {
  const step = stepOf(end / 7);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, at) => at * step);
}

/** The next of 1, 2, 5, 10 … milliseconds; of whole seconds, minutes and hours above these. */
function stepOf(ms: number): number {
  const unit = ms < 30_000 ? 1 : ms < 1_800_000 ? 60_000 : 3_600_000;
  const power = 10 ** Math.floor(Math.log10(ms / unit));
  const factor = [1, 2, 5, 10].find((one) => one * power * unit >= ms) ?? 10;
  return Math.max(1, factor * power * unit);
}
