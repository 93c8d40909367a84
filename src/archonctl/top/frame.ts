import { paintState } from '../print/colour.ts';
import { styled } from '../print/sgr.ts';
import { cutTo } from '../print/table.ts';
import { isUp } from './filter.ts';
import { cutMiddle, GAP, placedIn, type Placed } from './layout.ts';
import type { TableKind } from './columns.ts';
import type { TopRow } from './row.ts';
import type { SortKey } from './sort.ts';
import { joined, statesLine, sumsLine, totalsOf } from './totals.ts';
import type { View } from './view.ts';

/** Where it is drawn. */
export interface Look {
  readonly columns: number;
  readonly rows: number;
  readonly isColoured: boolean;
  readonly isUtf8: boolean;
}

/** What there is to be drawn. */
export interface Scene {
  /** Who answers: name, version, and where. */
  readonly title: string;
  /** What stands at the right of it, such as the time. */
  readonly clock: string;
  readonly nowMs: number;
  /** All units. */
  readonly all: readonly TopRow[];
  /** Those that are chosen, in their order. */
  readonly rows: readonly TopRow[];
  /** What is not as it should be, such as that nobody answers. */
  readonly trouble: string | undefined;
}

/** Fewer rows have no room for more than the table. */
const LEAST_ROWS = 9;

/** Rows of the screen that are not for units. */
const HEAD_ROWS = 5;
const FOOT_ROWS = 1;

/** What the last line tells of the keys, as far as there is room. */
const KEYS = ['q quit', '? help', '/ filter', 'Enter one unit', 'c m l s order', 'R reverse', 'd down'];

/** How many units are shown at once. */
export function bodyHeight(rows: number): number {
  return Math.max(1, rows < LEAST_ROWS ? rows - 2 : rows - HEAD_ROWS - FOOT_ROWS);
}

/** The page of all units, a line for each row of the screen. */
export function listPage(scene: Scene, view: View, placed: readonly Placed[], look: Look): readonly string[] {
  const { columns, rows, isColoured } = look;
  const totals = totalsOf(scene.all);
  const height = bodyHeight(rows);
  const shown = scene.rows.slice(view.first, view.first + height);
  const body = shown.map((row) => rowLine(row, placed, scene.nowMs, look, row.label === view.selected));
  const lines = [
    titleLine(placed, view.sort, view.isReversed, look),
    ...body,
    ...new Array<string>(Math.max(0, height - body.length)).fill(''),
  ];
  const note = noteLine(scene, view, look);
  if (rows < LEAST_ROWS) return [...lines, note].slice(0, rows);
  return [
    headLine(scene, look),
    joined(statesLine(totals, isColoured), columns),
    joined(sumsLine(totals, 'live'), columns),
    note,
    ...lines,
    footLine(scene, view, look),
  ];
}

/** Who answers at the left, the time at the right. */
export function headLine({ title, clock }: Scene, { columns, isColoured }: Look): string {
  const room = columns - clock.length - 2;
  const left = cutTo(title, Math.max(0, room));
  if (room <= 0) return styled(cutTo(title, columns), 'bold', isColoured);
  return styled(left, 'bold', isColoured) + ' '.repeat(columns - left.length - clock.length) + clock;
}

/** What is wrong, else the filter. */
function noteLine(scene: Scene, view: View, { columns, isColoured }: Look): string {
  if (scene.trouble !== undefined) return styled(cutTo(scene.trouble, columns), 'alarm', isColoured);
  const text = `filter: ${view.filter}`;
  if (view.isTyping) return `${cutTo(text, columns - 1)}${styled('_', 'bold', isColoured)}`;
  const hidden = scene.all.length - scene.rows.length;
  if (view.filter !== '') {
    const rest = `  (${scene.rows.length} of ${scene.all.length} units; Esc shows all)`;
    return styled(cutTo(text + rest, columns), 'notice', isColoured);
  }
  if (hidden === 0) return '';
  return styled(cutTo(`${hidden} that are down are hidden; d shows them`, columns), 'notice', isColoured);
}

function footLine({ rows }: Scene, view: View, { columns, rows: height, isColoured }: Look): string {
  const last = Math.min(rows.length, view.first + bodyHeight(height));
  const place = rows.length === 0 ? 'none' : `${view.first + 1}-${last} of ${rows.length}`;
  const room = Math.max(0, columns - place.length - 1);
  const left = joined(
    KEYS.map((text) => ({ text: `${text}  ` })),
    room,
  ).padEnd(room + 1);
  return styled(cutTo(left + place, columns), 'faint', isColoured);
}

/** The titles; that of the order is marked. */
function titleLine(
  placed: readonly Placed[],
  sort: SortKey | undefined,
  isReversed: boolean,
  { columns, isColoured, isUtf8 }: Look,
): string {
  const mark = isReversed ? (isUtf8 ? '▴' : '^') : isUtf8 ? '▾' : 'v';
  const line = placed
    .map(({ column, width }) => {
      const isMarked = sort !== undefined && column.sort === sort;
      const title = isMarked ? (column.isNumber ? mark + column.title : column.title + mark) : column.title;
      return column.isNumber ? title.padStart(width) : title.padEnd(width);
    })
    .join(' '.repeat(GAP));
  return styled(isColoured ? line.padEnd(columns) : line.trimEnd(), 'inverse', isColoured);
}

function rowLine(
  row: TopRow,
  placed: readonly Placed[],
  nowMs: number,
  where: Look,
  isSelected: boolean,
): string {
  const { columns, isColoured, isUtf8 } = where;
  const cells = placed.map(({ column, width }) => {
    const text = column.cell(row, { nowMs, isUtf8 });
    const cut = column.name === 'label' ? cutMiddle(text, width, isUtf8) : cutTo(text, width);
    const cell = column.isNumber ? cut.padStart(width) : cut.padEnd(width);
    if (isSelected || !isColoured) return cell;
    if (column.name === 'state') return paintState(row.state, cell, true);
    return column.name === 'label' && !isUp(row) ? styled(cell, 'faint', true) : cell;
  });
  const line = cells.join(' '.repeat(GAP));
  if (!isSelected) return line.trimEnd();
  if (!isColoured) return `>${line.slice(1)}`.trimEnd();
  return styled(line.padEnd(columns), 'inverse', true);
}

/** A single look as a table: the totals, then all rows. */
export function wholeTable(scene: Scene, kind: TableKind, sort: SortKey, look: Look): string {
  const longest = scene.rows.reduce((most, { label }) => Math.max(most, label.length), 0);
  const placed = placedIn(look.columns, kind, sort, longest);
  const totals = totalsOf(scene.all);
  const lines = [
    joined(statesLine(totals, look.isColoured), look.columns),
    joined(sumsLine(totals, kind), look.columns),
    '',
    titleLine(placed, undefined, false, look),
    ...scene.rows.map((row) => rowLine(row, placed, scene.nowMs, look, false)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
