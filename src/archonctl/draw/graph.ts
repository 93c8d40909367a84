import { layered, type Link } from './layers.ts';
import { placesIn } from './places.ts';
import { COLOURS, element, escaped, picture, px, text, widthOf } from './svg.ts';

/** How each word between two labels looks; what is not here is no edge. `isTurned`: the second comes after the first. */
const EDGES: Readonly<
  Record<string, { readonly stroke: string; readonly dash?: string; readonly isTurned?: true }>
> = {
  needs: { stroke: '#52606d' },
  wants: { stroke: '#7b8794', dash: '6 3' },
  after: { stroke: '#9aa5b1', dash: '1.5 3' },
  before: { stroke: '#9aa5b1', dash: '1.5 3', isTurned: true },
};
const CONFLICT = { stroke: '#dc2626', dash: '4 3' };

const FILLS: Readonly<Record<string, string>> = {
  running: '#dcfce7',
  finished: '#dcfce7',
  starting: '#fef9c3',
  waiting: '#fef9c3',
  stopping: '#fef9c3',
  backoff: '#ffedd5',
  failed: '#fee2e2',
};
const STROKES: Readonly<Record<string, string>> = {
  running: '#22c55e',
  finished: '#22c55e',
  starting: '#eab308',
  waiting: '#eab308',
  stopping: '#eab308',
  backoff: '#f97316',
  failed: '#ef4444',
};

const MARGIN = 20;
/** With all that it can tell. */
const LEGEND_WIDTH = 900;
const TOP = 72;
const BOX = 24;
const ROOM = 34;
const PASSING_ROOM = 9;
const MOST_BOX = 240;
/** Between layers; more where many links turn there. */
const GAP = 46;
const MOST_GAP = 300;

interface Unit {
  readonly label: string;
  readonly type: string;
  readonly state: string;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly word: string;
}

/**
 * The lines of `Dump,graph` as a picture: what is started first stands at the left, and an arrow leads from each unit to what
 * it comes after. Nodes are coloured by their states.
 */
export function graphPicture(lines: readonly string[]): string {
  const { units: all, edges, conflicts } = read(lines);
  const linked = new Set([...edges, ...conflicts].flatMap(({ from, to }) => [from, to]));
  /* Those that stand alone come last: a label's index is that of its place in the dump. */
  const alone = all.filter((_, index) => !linked.has(index));
  const shown = [...all.keys()].filter((index) => linked.has(index));
  const places = new Map(shown.map((index, at) => [index, at]));
  const placed = (some: readonly Edge[]): Edge[] =>
    some.map(({ from, to, word }) => ({ from: places.get(from) ?? 0, to: places.get(to) ?? 0, word }));
  return draw(
    shown.flatMap((index) => all[index] ?? []),
    placed(edges),
    placed(conflicts),
    alone,
  );
}

function draw(
  units: readonly Unit[],
  edges: readonly Edge[],
  conflicts: readonly Edge[],
  alone: readonly Unit[],
): string {
  const count = units.length + alone.length;
  const links: Link[] = edges.map(({ from, to }) => ({ from, to }));
  const layering = layered(units.length, links);
  const y = placesIn(layering, units.length, (node) => (node < units.length ? ROOM : PASSING_ROOM));
  const widths = units.map(({ label }) => boxWidth(label));
  const bottom = Math.max(
    0,
    ...y.map((place, node) => place + (node < units.length ? ROOM : PASSING_ROOM) / 2),
  );
  const { lefts, layerWidths, right } = columnsOf(layering.layers, widths, bottom);
  const x = (node: number, side: 'left' | 'right', layer: number): number => {
    const left = lefts[layer] ?? 0;
    if (node >= units.length) return side === 'left' ? left : left + (layerWidths[layer] ?? 0);
    return side === 'left' ? left : left + (widths[node] ?? 0);
  };
  const arrows = edges.map(({ word }, index) =>
    arrow(layering.ways[index] ?? [], layering.layerOf, x, y, word),
  );
  const parts = [
    text(MARGIN, 22, `${count} units`, { 'font-size': 15, 'font-weight': 600 }),
    legend(new Set([...edges.map(({ word }) => word), ...(conflicts.length > 0 ? ['conflicts'] : [])])),
    ...arrows,
    ...conflicts.map(({ from, to }) => conflict(from, to, layering.layerOf, x, y)),
    ...units.map((unit, node) =>
      box(unit, x(node, 'left', layering.layerOf[node] ?? 0), y[node] ?? 0, widths[node] ?? 0),
    ),
  ];
  const width = Math.max(right + MARGIN + (conflicts.length > 0 ? 28 : 0), MARGIN + LEGEND_WIDTH);
  const grid = gridOf(alone, width, bottom === 0 ? 0 : bottom + ROOM);
  const height = TOP + Math.max(bottom, grid.bottom) + MARGIN;
  return picture(width, height, `${count} units and what they need`, [...parts, ...grid.parts]);
}

function read(lines: readonly string[]): {
  readonly units: readonly Unit[];
  readonly edges: readonly Edge[];
  readonly conflicts: readonly Edge[];
} {
  const said = lines.map((line) => line.split(' '));
  const isEdge = (word = ''): boolean =>
    word in EDGES || ['conflicts', 'stop-after', 'stop-before'].includes(word);
  const units = said
    .filter(([, word]) => !isEdge(word))
    .map(([label = '', type = '', state = '']) => ({ label, type, state }));
  const indexes = new Map(units.map(({ label }, index) => [label, index]));
  const all = said
    .filter(([, word]) => isEdge(word))
    .flatMap(([one = '', word = '', other = '']) => {
      const [from, to] = [indexes.get(one), indexes.get(other)];
      if (from === undefined || to === undefined) return [];
      return [EDGES[word]?.isTurned === true ? { from: to, to: from, word } : { from, to, word }];
    });
  /* Of two words between the same units the stronger one is drawn. */
  const seen = new Set<string>();
  const edges = Object.keys(EDGES).flatMap((word) =>
    all.filter((edge) => {
      const key = `${edge.from} ${edge.to}`;
      if (edge.word !== word || seen.has(key)) return false;
      seen.add(key);
      return true;
    }),
  );
  return { units, edges, conflicts: all.filter(({ word }) => word === 'conflicts') };
}

/** Units that nothing is said of, in rows below the others. */
function gridOf(
  units: readonly Unit[],
  width: number,
  top: number,
): { readonly parts: readonly string[]; readonly bottom: number } {
  const cell = units.reduce((most, { label }) => Math.max(most, boxWidth(label)), 0) + 14;
  const columns = Math.max(1, Math.floor((width - 2 * MARGIN) / cell));
  const parts = units.map((unit, index) => {
    const y = top + (Math.floor(index / columns) + 0.5) * ROOM;
    return box(unit, MARGIN + (index % columns) * cell, y, boxWidth(unit.label));
  });
  return { parts, bottom: units.length === 0 ? 0 : top + Math.ceil(units.length / columns) * ROOM };
}

function boxWidth(label: string): number {
  return Math.min(MOST_BOX, widthOf(label) + 20);
}

/** Where each layer begins, and how wide it is. The higher the picture, the more room there is between two: so lines are not too steep. */
function columnsOf(
  layers: readonly (readonly number[])[],
  widths: readonly number[],
  height: number,
): { readonly lefts: number[]; readonly layerWidths: number[]; readonly right: number } {
  const layerWidths = layers.map((layer) => Math.max(24, ...layer.map((node) => widths[node] ?? 0)));
  const gap = Math.min(MOST_GAP, GAP + height / 16);
  const lefts: number[] = [];
  let at = MARGIN;
  for (const width of layerWidths) {
    lefts.push(at);
    at += width + gap;
  }
  return { lefts, layerWidths, right: at - gap };
}

type Across = (node: number, side: 'left' | 'right', layer: number) => number;

/** From a unit at the right to what it comes after at the left; through the places of those that pass. */
function arrow(
  way: readonly number[],
  layerOf: readonly number[],
  x: Across,
  y: readonly number[],
  word: string,
): string {
  const [first = 0] = way;
  const last = way.at(-1) ?? 0;
  const style = EDGES[word];
  const end = { x: x(first, 'right', layerOf[first] ?? 0) + 1, y: TOP + (y[first] ?? 0) };
  let layer = layerOf[last] ?? 0;
  let at = { x: x(last, 'left', layer), y: TOP + (y[last] ?? 0) };
  let d = `M${px(at.x)} ${px(at.y)}`;
  for (const node of [...way].slice(1, -1).reverse()) {
    layer -= 1;
    const next = { x: x(node, 'right', layer), y: TOP + (y[node] ?? 0) };
    d += curve(at, next);
    at = { x: x(node, 'left', layer), y: next.y };
    d += ` H${px(at.x)}`;
  }
  d += curve(at, { x: end.x + 6, y: end.y });
  const head = element('path', {
    d: `M${px(end.x)} ${px(end.y)} l7 -3.5 v7 z`,
    fill: style?.stroke,
  });
  return (
    element('path', {
      d,
      fill: 'none',
      stroke: style?.stroke,
      'stroke-width': 1.2,
      'stroke-dasharray': style?.dash,
      opacity: 0.85,
    }) + head
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function curve(from: Point, to: Point): string {
  const middle = (from.x + to.x) / 2;
  return ` C${px(middle)} ${px(from.y)} ${px(middle)} ${px(to.y)} ${px(to.x)} ${px(to.y)}`;
}

function conflict(
  from: number,
  to: number,
  layerOf: readonly number[],
  x: Across,
  y: readonly number[],
): string {
  const start = { x: x(from, 'right', layerOf[from] ?? 0), y: TOP + (y[from] ?? 0) };
  const end = { x: x(to, 'right', layerOf[to] ?? 0), y: TOP + (y[to] ?? 0) };
  const far = Math.max(start.x, end.x) + 28;
  const d = `M${px(start.x)} ${px(start.y)} C${px(far)} ${px(start.y)} ${px(far)} ${px(end.y)} ${px(end.x)} ${px(end.y)}`;
  return element('path', {
    d,
    fill: 'none',
    stroke: CONFLICT.stroke,
    'stroke-dasharray': CONFLICT.dash,
    'stroke-width': 1.2,
  });
}

function box({ label, type, state }: Unit, left: number, middle: number, width: number): string {
  const letters = Math.max(1, Math.floor((width - 16) / widthOf('x')));
  const shown =
    Array.from(label).length > letters
      ? `${Array.from(label)
          .slice(0, letters - 1)
          .join('')}…`
      : label;
  const shape = element(
    'rect',
    {
      x: left,
      y: TOP + middle - BOX / 2,
      width,
      height: BOX,
      rx: type === 'oneshot' ? BOX / 2 : 4,
      fill: FILLS[state] ?? '#ffffff',
      stroke: STROKES[state] ?? COLOURS.faint,
      'stroke-width': 1.2,
    },
    element('title', {}, escaped(`${label}: ${type}, ${state}`)),
  );
  return shape + text(left + width / 2, TOP + middle, shown, { 'text-anchor': 'middle' });
}

/** Only what there is. */
function legend(words: ReadonlySet<string>): string {
  let x = MARGIN;
  const parts: string[] = [];
  const note = (says: string): void => {
    parts.push(text(x + 30, 46, says, { 'font-size': 11, fill: COLOURS.faint }));
    x += 30 + widthOf(says, 11) + 18;
  };
  for (const word of ['needs', 'wants', 'after', 'before', 'conflicts']) {
    if (!words.has(word)) continue;
    const style = EDGES[word] ?? CONFLICT;
    parts.push(
      element('line', {
        x1: x,
        x2: x + 24,
        y1: 46,
        y2: 46,
        stroke: style.stroke,
        'stroke-width': 1.5,
        'stroke-dasharray': style.dash,
      }),
    );
    note(word);
  }
  for (const [state, says] of [
    ['running', 'up'],
    ['starting', 'on its way'],
    ['backoff', 'backoff'],
    ['failed', 'failed'],
    ['stopped', 'stopped'],
  ] as const) {
    const [fill, stroke] = [FILLS[state] ?? '#ffffff', STROKES[state] ?? COLOURS.faint];
    parts.push(element('rect', { x: x + 6, y: 40, width: 18, height: 12, rx: 3, fill, stroke }));
    note(says);
  }
  return parts.join('');
}
