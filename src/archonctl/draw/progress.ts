import { axisLines, type Axis } from './time-axis.ts';
import { decimalScale } from './scale.ts';
import { COLOURS, element, px, text } from './svg.ts';

/** How many have come to what they are for, over the time of the axis: a line that rises by one at each of `reachedMs`. */
export function progressOf(
  axis: Axis,
  top: number,
  height: number,
  reachedMs: readonly number[],
  fill: string,
): readonly string[] {
  const scale = decimalScale(Math.max(1, reachedMs.length), 4);
  const ticks = scale.ticks.filter(Number.isInteger);
  const y = (count: number): number => top + height - (count / scale.top) * height;
  const [left, right] = [axis.x(0), axis.x(axis.end)];
  const sorted = [...reachedMs].sort((one, other) => one - other);
  const steps = sorted.map((ms, index) => `H${px(axis.x(ms))}V${px(y(index + 1))}`).join('');
  const line = `M${px(left)} ${px(y(0))}${steps}H${px(right)}`;
  const faint = { 'font-size': 10, fill: COLOURS.faint, 'text-anchor': 'end' };
  return [
    element('rect', { x: left, y: top, width: right - left, height, fill: COLOURS.stripe }),
    ...axisLines(axis, top, top + height),
    ...ticks.flatMap((count) => [
      element('line', {
        x1: left,
        x2: right,
        y1: y(count),
        y2: y(count),
        stroke: COLOURS.line,
        opacity: 0.6,
      }),
      text(left - 8, y(count), String(count), faint),
    ]),
    element('path', { d: `${line}V${px(y(0))}Z`, fill, opacity: 0.25 }),
    element('path', { d: line, fill: 'none', stroke: fill, 'stroke-width': 1.6 }),
  ];
}
