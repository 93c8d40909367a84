import { byImportance, COLUMNS, type TableKind, type TopColumn } from './columns.ts';
import type { SortKey } from './sort.ts';

/** Between two columns. */
export const GAP = 1;

/** Longer labels are cut before another column is left out. */
const ENOUGH_LABEL = 26;

const CUT = '…';
const ASCII_CUT = '~';

/** A column that is shown, as wide as it is. */
export interface Placed {
  readonly column: TopColumn;
  readonly width: number;
}

/** Shown before any other, though labels are cut for them. */
const NEEDED: readonly string[] = ['state', 'cpu', 'memory'];

/**
 * Which columns fit into that many characters, and how wide they are: the more important ones, that of the order among
 * them in any case, then labels as long as they are, as far as there is room.
 */
export function placedIn(
  columns: number,
  table: TableKind,
  sort: SortKey,
  longestLabel: number,
): readonly Placed[] {
  const [label, ...others] = byImportance(table);
  if (label === undefined) return [];
  const isNeeded = ({ name, sort: own }: TopColumn): boolean => own === sort || NEEDED.includes(name);
  const shown = new Set<TopColumn>([label]);
  let used = 0;
  const take = (column: TopColumn, labelWidth: number): boolean => {
    if (labelWidth + used + GAP + column.width > columns) return false;
    shown.add(column);
    used += GAP + column.width;
    return true;
  };
  for (const column of others.filter(isNeeded)) take(column, label.width);
  const enough = Math.max(label.width, Math.min(longestLabel, ENOUGH_LABEL));
  /* A column that is less important does not take the place of one that does not fit. */
  others.filter((column) => !isNeeded(column)).every((column) => take(column, enough));
  const labelWidth = Math.max(1, Math.min(columns - used, Math.max(longestLabel, label.width)));
  return COLUMNS.filter((column) => shown.has(column)).map((column) => ({
    column,
    width: column === label ? labelWidth : column.width,
  }));
}

/** A label with its middle cut out where it is too long: its end tells more than its middle, and more than its beginning. */
export function cutMiddle(text: string, width: number, isUtf8: boolean): string {
  if (text.length <= width) return text;
  if (width < 4) return text.slice(0, Math.max(0, width));
  const kept = width - 1;
  const head = Math.floor(kept * 0.4);
  return `${text.slice(0, head)}${isUtf8 ? CUT : ASCII_CUT}${text.slice(text.length - (kept - head))}`;
}
