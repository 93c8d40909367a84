import { formatSize } from '../../base/size.ts';
import { extremesOf, gapOf, runsOf, type Quantity, type Sample } from '../story/history.ts';
import { acrossOf, ground, lineOf, timeAxis, type Line, type Place, type Point } from './panel.ts';
import { binaryScale, clockOf, decimalScale, type Scale } from './scale.ts';
import { COLOURS, cutMiddleToWidth, element, escaped, picture, px, text, widthOf } from './svg.ts';

/** What a unit has used, and when its processes ended (Unix seconds). */
export interface Past {
  readonly label: string;
  readonly samples: readonly Sample[];
  readonly ends: readonly number[];
}

/** Of one hue each, of similar weight, and told apart by those who see few hues too. */
export const PALETTE = [
  '#2563eb',
  '#ea580c',
  '#059669',
  '#c026d3',
  '#ca8a04',
  '#0891b2',
  '#dc2626',
  '#64748b',
] as const;

const MARGIN = 24;
const AXIS = 64;
export const WIDTH = 1080;
const PANEL_GAP = 44;
const LEGEND_ROW = 20;
const MOST_NAME = 220;

/** A panel: what is shown in it, as one or two quantities, and how its scale is told. */
interface Panel {
  readonly title: string;
  readonly quantities: readonly Quantity[];
  readonly height: number;
  readonly scale: (most: number) => Scale;
  readonly shown: (value: number) => string;
  /** Left out where all of it is 0. */
  readonly isOptional: boolean;
}

const bytes = (value: number): string => formatSize(Math.round(value));

/** How the scales of processor and memory are told; a unit that does nothing has one too. */
export const CPU = {
  scale: (most: number): Scale => decimalScale(Math.max(most, 5), 4),
  shown: (value: number): string => `${Math.round(value * 10) / 10}%`,
};
export const MEMORY = { scale: (most: number): Scale => binaryScale(Math.max(most, 1024), 4), shown: bytes };
const RATE = { scale: (most: number): Scale => binaryScale(Math.max(most, 1024), 3), shown: bytes };
const COUNT = {
  scale: (most: number): Scale => decimalScale(Math.max(most, 3), 3),
  shown: (value: number): string => String(Math.round(value)),
};

const PANELS: readonly Panel[] = [
  { title: 'Processor, in percent of one', quantities: ['cpu'], height: 150, ...CPU, isOptional: false },
  { title: 'Memory', quantities: ['memory'], height: 150, ...MEMORY, isOptional: false },
  { title: 'Read from storage, a second', quantities: ['read'], height: 70, ...RATE, isOptional: true },
  { title: 'Written to storage, a second', quantities: ['written'], height: 70, ...RATE, isOptional: true },
  { title: 'Descriptors', quantities: ['descriptors'], height: 70, ...COUNT, isOptional: true },
  { title: 'Threads', quantities: ['threads'], height: 70, ...COUNT, isOptional: true },
];

/** The time that all of them together cover, Unix seconds. */
export function extentOf(pasts: readonly Past[]): { readonly from: number; readonly to: number } {
  const ats = pasts.flatMap(({ samples }) => [samples[0]?.at ?? Infinity, samples.at(-1)?.at ?? -Infinity]);
  const from = Math.min(...ats);
  const to = Math.max(...ats);
  return Number.isFinite(from) && to > from
    ? { from, to }
    : { from: Date.now() / 1000 - 60, to: Date.now() / 1000 };
}

/** A quantity of a unit as runs of points. */
export function pointsOf(samples: readonly Sample[], quantity: Quantity): readonly (readonly Point[])[] {
  return runsOf(samples, quantity).map((run) =>
    run.map((sample) => ({ at: sample.at, value: sample[quantity] ?? 0 })),
  );
}

/** What a few units have used: a panel for each quantity, a colour for each unit. */
export function historyPicture(pasts: readonly Past[]): string {
  const { from, to } = extentOf(pasts);
  const isAlone = pasts.length === 1;
  const coloured = pasts.map((past, at) => ({
    ...past,
    colour: PALETTE[at % PALETTE.length] ?? COLOURS.ink,
  }));
  const title = titleOf(pasts);
  const hasEnds = pasts.some(({ ends }) => ends.some((at) => at >= from && at <= to));
  const legend = isAlone
    ? []
    : legendOf(coloured.map(({ label, colour }) => ({ says: label, fill: colour })));
  const legendRows = legend.length === 0 ? 0 : Math.max(...legend.map(({ row }) => row)) + 1;
  let top = 98 + legendRows * LEGEND_ROW;
  const parts = [
    text(MARGIN, 28, title, { 'font-size': 16, 'font-weight': 600 }),
    text(MARGIN, 50, `${subtitleOf(from, to)}${hasEnds ? '; a dashed line is where a process ended' : ''}`, {
      fill: COLOURS.faint,
      'font-size': 11,
    }),
    ...legend.map(({ markup }) => markup),
  ];
  let last: Place | undefined;
  for (const panel of PANELS) {
    const most = mostOf(pasts, panel.quantities);
    if (most === undefined || (panel.isOptional && most === 0)) continue;
    const place = {
      left: MARGIN + AXIS,
      top,
      width: WIDTH - 2 * MARGIN - AXIS,
      height: panel.height,
      from,
      to,
    };
    const scale = panel.scale(most);
    parts.push(
      ...ground(place, panel.title, scale, panel.shown),
      ...(isAlone ? absences(pasts[0]?.samples ?? [], place) : []),
      ...coloured.flatMap(({ label, samples, colour }) =>
        panel.quantities.map((quantity) => {
          const line: Line = { name: label, colour, runs: pointsOf(samples, quantity), isFilled: isAlone };
          return lineOf(line, place, scale.top);
        }),
      ),
      ...coloured.flatMap(({ label, ends, colour }) =>
        endings(label, ends, isAlone ? COLOURS.critical : colour, place),
      ),
      ...figures(pasts, panel, place),
    );
    last = place;
    top += panel.height + PANEL_GAP;
  }
  if (last !== undefined) parts.push(...timeAxis(last));
  return picture(WIDTH, top - PANEL_GAP + 34, title, parts);
}

/** What the picture is called. */
export function titleOf(pasts: readonly Past[]): string {
  const [first, second, ...rest] = pasts.map(({ label }) => label);
  if (first === undefined) return 'No unit';
  if (second === undefined) return first;
  return rest.length === 0 ? `${first} and ${second}` : `${pasts.length} units`;
}

/** When it was. */
export function subtitleOf(from: number, to: number): string {
  const date = new Date(from * 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const has = to - from < 600;
  return `${day}, ${clockOf(from, has)} to ${clockOf(to, has)}`;
}

function mostOf(pasts: readonly Past[], quantities: readonly Quantity[]): number | undefined {
  const all = pasts.flatMap(({ samples }) =>
    quantities.flatMap((quantity) => extremesOf(samples, quantity)?.most ?? []),
  );
  return all.length === 0 ? undefined : Math.max(...all);
}

/** For a single unit: how much it is now, and was at most, at the right of the title. */
function figures(pasts: readonly Past[], { quantities, shown }: Panel, place: Place): readonly string[] {
  const [only] = pasts;
  const [quantity] = quantities;
  if (pasts.length !== 1 || only === undefined || quantity === undefined) return [];
  const found = extremesOf(only.samples, quantity);
  if (found === undefined) return [];
  return [
    text(place.left + place.width, place.top - 13, `now ${shown(found.last)}, at most ${shown(found.most)}`, {
      'text-anchor': 'end',
      'font-size': 11,
      fill: COLOURS.faint,
    }),
  ];
}

/** Where nothing was running. */
function absences(samples: readonly Sample[], place: Place): readonly string[] {
  const gap = gapOf(samples);
  const x = acrossOf(place);
  return samples.slice(1).flatMap(({ at }, index) => {
    const before = samples[index]?.at ?? at;
    if (at - before <= gap) return [];
    const width = x(at) - x(before);
    const says = 'nothing ran';
    const box = element('rect', { x: x(before), y: place.top, width, height: place.height, fill: '#e7ebef' });
    if (width < widthOf(says, 10) + 8) return [box];
    const middle = place.top + place.height / 2;
    return [
      box +
        text(x(before) + width / 2, middle, says, {
          'text-anchor': 'middle',
          'font-size': 10,
          fill: COLOURS.faint,
        }),
    ];
  });
}

/** Where processes ended. */
function endings(label: string, ends: readonly number[], colour: string, place: Place): readonly string[] {
  const x = acrossOf(place);
  return ends
    .filter((at) => at >= place.from && at <= place.to)
    .map((at) =>
      element(
        'path',
        {
          d: `M${px(x(at))} ${px(place.top)}V${px(place.top + place.height)}`,
          stroke: colour,
          'stroke-dasharray': '3 3',
          'stroke-width': 1,
          opacity: 0.75,
        },
        element('title', {}, escaped(`${label} ended at ${clockOf(at, true)}`)),
      ),
    );
}

/** Colours and what they stand for, in as many rows as it takes. */
export function legendOf(
  all: readonly { readonly says: string; readonly fill: string }[],
): readonly { readonly markup: string; readonly row: number }[] {
  let x = MARGIN;
  let row = 0;
  return all.map(({ says: whole, fill }) => {
    const says = cutMiddleToWidth(whole, MOST_NAME);
    const width = 17 + widthOf(says, 11) + 18;
    if (x + width > WIDTH - MARGIN && x > MARGIN) {
      x = MARGIN;
      row += 1;
    }
    const y = 66 + row * LEGEND_ROW;
    const box = element('rect', { x, y, width: 12, height: 10, rx: 2, fill });
    const markup = box + text(x + 17, y + 5, says, { 'font-size': 11 });
    x += width;
    return { markup, row };
  });
}
