import { clockTicks, type Scale } from './scale.ts';
import { COLOURS, element, escaped, px, text } from './svg.ts';

/** A value at an instant, in Unix seconds. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/** A line of a panel: runs of points, between which there was nothing. */
export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly runs: readonly (readonly Point[])[];
  /** What is below it is filled. */
  readonly isFilled: boolean;
}

/** Where a panel lies, in pixels, and the time that it shows. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly from: number;
  readonly to: number;
}

/** Across a panel: the pixel of an instant. */
export function acrossOf({ left, width, from, to }: Place): (at: number) => number {
  return (at) => left + ((at - from) / (to - from)) * width;
}

/** The ground of a panel: its title, its scale with words at the left, and lines at whole times. */
export function ground(
  place: Place,
  title: string,
  scale: Scale,
  shown: (value: number) => string,
): readonly string[] {
  const { left, top, width, height } = place;
  const y = (value: number): number => top + height - (value / scale.top) * height;
  const x = acrossOf(place);
  const faint = { 'font-size': 10, fill: COLOURS.faint };
  return [
    element('rect', { x: left, y: top, width, height, fill: COLOURS.stripe, rx: 3 }),
    ...timeTicks(place).map(({ at }) =>
      element('line', { x1: x(at), x2: x(at), y1: top, y2: top + height, stroke: '#e4e9ee' }),
    ),
    ...scale.ticks.flatMap((value) => [
      element('line', {
        x1: left,
        x2: left + width,
        y1: y(value),
        y2: y(value),
        stroke: value === 0 ? COLOURS.line : '#e4e9ee',
      }),
      text(left - 8, y(value), shown(value), { ...faint, 'text-anchor': 'end' }),
    ]),
    text(left, top - 13, title, { 'font-weight': 600 }),
  ];
}

/** The times below the last panel. */
export function timeAxis(place: Place): readonly string[] {
  const x = acrossOf(place);
  return timeTicks(place).map(({ at, says }) =>
    text(x(at), place.top + place.height + 14, says, {
      'font-size': 10,
      fill: COLOURS.faint,
      'text-anchor': 'middle',
    }),
  );
}

const timeTicks = ({ from, to, width }: Place): ReturnType<typeof clockTicks> =>
  clockTicks(from, to, Math.max(2, Math.floor(width / 72)));

/** A line through the points, and what is below it. */
export function lineOf({ name, colour, runs, isFilled }: Line, place: Place, most: number): string {
  const x = acrossOf(place);
  const bottom = place.top + place.height;
  const y = (value: number): number => bottom - (Math.min(value, most) / most) * place.height;
  const title = element('title', {}, escaped(name));
  const parts = runs.flatMap((run) => {
    const [first] = run;
    const last = run.at(-1);
    if (first === undefined || last === undefined) return [];
    if (run.length === 1)
      return [element('circle', { cx: x(first.at), cy: y(first.value), r: 1.8, fill: colour })];
    const d = run
      .map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${px(x(at))} ${px(y(value))}`)
      .join('');
    const line = element('path', {
      d,
      fill: 'none',
      stroke: colour,
      'stroke-width': place.height < 100 && !isFilled ? 1.1 : 1.6,
      'stroke-linejoin': 'round',
    });
    if (!isFilled) return [line];
    const area = `${d}L${px(x(last.at))} ${px(bottom)}L${px(x(first.at))} ${px(bottom)}Z`;
    return [element('path', { d: area, fill: colour, opacity: 0.16 }), line];
  });
  return element('g', {}, title + parts.join(''));
}
