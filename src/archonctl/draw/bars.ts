import { progressOf } from './progress.ts';
import { barsOf, endOf, GAP, linksOf, stripesOf, type Ground, type Look, type Row } from './rows.ts';
import { axisFrom, axisLines, axisWords, type Measured } from './time-axis.ts';
import { COLOURS, element, picture, text, widthOf } from './svg.ts';

/** What colours mean. */
export interface Legend {
  readonly fill: string;
  readonly says: string;
}

/** What a time chart says beside its rows. */
export interface ChartWords {
  readonly title: string;
  readonly legend: readonly Legend[];
  /** What the numbers on the curve over many rows count, such as `units that are ready`. */
  readonly counts: string;
  /** Without it times. */
  readonly measured?: Measured;
}

const LOOK: Look = { row: 22, bar: 12, idle: 4, name: 12, note: 10.5 };
/** Of many rows: as small as can still be read as it stands. */
const DENSE: Look = { row: 15, bar: 9, idle: 2, name: 10.5, note: 9.5 };
/** More rows than fit on a screen: what matters of them is said above them. */
const MANY = 60;
/** So often the scale is said again between many rows, for whoever has scrolled to them. */
const ROWS_A_SCALE = 40;

const MARGIN = 16;
const HEAD = 46;
const SCALE = 18;
const CHART = 640;
const WIDE_CHART = 900;
const CURVE = 110;
const HEADLINE = 30;
const MOST_NAME = 260;

/**
 * Rows of bars over a scale of time, one below the other; what is critical stands out. Of many, a curve first tells how many have come
 * how far, and the critical path is drawn by itself.
 */
export function timeChart(words: ChartWords, rows: readonly Row[]): string {
  const { title, legend, measured = 'time' } = words;
  const isLong = rows.length > MANY;
  const end = rows.reduce((latest, row) => Math.max(latest, endOf(row)), 1);
  const nameWidth = Math.min(MOST_NAME, Math.max(60, ...rows.map(({ name }) => widthOf(name))));
  const left = MARGIN + nameWidth + GAP;
  const axis = axisFrom(measured, end, left, isLong ? WIDE_CHART : CHART);
  const noteWidth = rows.reduce((most, { note }) => Math.max(most, widthOf(note)), 40);
  const width = Math.max(axis.x(end) + GAP + noteWidth + MARGIN, MARGIN * 2 + widthOf(title, 15));
  const place = { axis, left, nameWidth, width };
  const body = isLong ? longBody(words, rows, place) : section(rows, { ...place, top: HEAD, look: LOOK });
  const height = body.bottom + MARGIN;
  const head = [text(MARGIN, 20, title, { 'font-size': 15, 'font-weight': 600 }), ...legendOf(legend)];
  return picture(width, height, title, [...head, ...body.parts]);
}

interface Body {
  readonly parts: readonly string[];
  readonly bottom: number;
}
type Place = Omit<Ground, 'top' | 'look'>;

/** The curve, the critical path, and then all. */
function longBody({ counts }: ChartWords, rows: readonly Row[], place: Place): Body {
  const reached = rows.filter(({ isReached }) => isReached);
  const curveTop = HEAD + HEADLINE + SCALE;
  const parts = [
    headline(HEAD, `${reached.length} ${counts}`),
    ...axisWords(place.axis, curveTop - SCALE / 2),
    ...progressOf(place.axis, curveTop, CURVE, reached.map(endOf), COLOURS.progress),
  ];
  let bottom = curveTop + CURVE;
  const path = criticalOf(rows);
  if (path.length > 0) {
    const critical = section(path, { ...place, top: bottom + HEADLINE, look: LOOK });
    parts.push(headline(bottom, 'What is critical'), ...critical.parts);
    bottom = critical.bottom;
  }
  parts.push(headline(bottom, `All ${rows.length}`));
  bottom += HEADLINE;
  for (let from = 0; from < rows.length; from += ROWS_A_SCALE) {
    /* The lines of the critical path would be as long as the picture; it has been drawn by itself. */
    const some = rows.slice(from, from + ROWS_A_SCALE).map((row) => ({ ...row, after: [] }));
    const block = section(some, { ...place, top: bottom, look: DENSE });
    parts.push(...block.parts);
    bottom = block.bottom;
  }
  return { parts, bottom };
}

/** What is critical, by itself; rows behind each other as they were among all. */
function criticalOf(rows: readonly Row[]): readonly Row[] {
  const places = [...rows.keys()].filter((index) => rows[index]?.isCritical === true);
  const indexes = new Map(places.map((index, at) => [index, at]));
  return places.flatMap((index) => {
    const row = rows[index];
    return row === undefined ? [] : [{ ...row, after: row.after.flatMap((one) => indexes.get(one) ?? []) }];
  });
}

/** Rows below a scale of their own. */
function section(rows: readonly Row[], place: Ground): Body {
  const ground = { ...place, top: place.top + SCALE };
  const bottom = ground.top + rows.length * ground.look.row;
  const parts = [
    ...axisWords(ground.axis, place.top + SCALE / 2 - 2),
    ...stripesOf(rows, ground),
    ...axisLines(ground.axis, ground.top - 3, bottom),
    ...linksOf(rows, ground),
    ...barsOf(rows, ground),
  ];
  return { parts, bottom };
}

function headline(top: number, says: string): string {
  return text(MARGIN, top + HEADLINE / 2 + 3, says, { 'font-size': 13, 'font-weight': 600 });
}

function legendOf(legend: readonly Legend[]): string[] {
  let x = MARGIN;
  return legend.map(({ fill, says }) => {
    const at = x;
    x += 12 + 5 + widthOf(says, 11) + 18;
    const box = element('rect', { x: at, y: 34, width: 12, height: 10, rx: 2, fill });
    return box + text(at + 17, 39, says, { 'font-size': 11, fill: COLOURS.faint });
  });
}
