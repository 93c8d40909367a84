/** A column of a table for people. */
export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly isNumber?: true;
  /** It may be cut where the table is too wide. */
  readonly isLong?: true;
}

/** Paints a cell that has its width already. */
export type Paint = (cell: string, column: number, row: number) => string;

const GAP = '  ';
/** No column is cut below this. */
const LEAST_WIDTH = 8;
const CUT_MARK = '…';

/**
 * A table with a line of titles. A column that is empty in all rows is left out. Where `columns` are given
 * (those of the terminal), long columns are cut until the table fits, the widest first.
 */
export function renderTable(
  heads: readonly Column[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
  paint: Paint = (cell) => cell,
): string {
  const shown = heads
    .map((head, index) => ({ head, index, width: widest(rows, index) }))
    .filter(({ width }) => width > 0)
    .map(({ head, index, width }) => ({ head, index, width: Math.max(width, head.title.length) }));
  if (columns !== undefined) fit(shown, columns);
  const line = (cells: readonly string[], decorate: (text: string, index: number) => string): string =>
    shown
      .map(({ head, index, width }) =>
        decorate(align(cells[index] ?? '', width, head.isNumber === true), index),
      )
      .join(GAP)
      .trimEnd();
  const lines = rows.map((cells, row) => line(cells, (text, index) => paint(text, index, row)));
  const titles = line(
    heads.map((head) => head.title),
    (text) => text,
  );
  return [titles, ...lines].map((text) => `${text}\n`).join('');
}

function widest(rows: readonly (readonly string[])[], index: number): number {
  return rows.reduce((most, cells) => Math.max(most, lengthOf(cells[index] ?? '')), 0);
}

interface Width {
  readonly head: Column;
  width: number;
}

function fit(shown: readonly Width[], columns: number): void {
  const total = (): number => shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1));
  for (let excess = total() - columns; excess > 0; excess = total() - columns) {
    const long = shown.filter(({ head, width }) => head.isLong === true && width > LEAST_WIDTH);
    const [first, second] = long.sort((one, other) => other.width - one.width);
    if (first === undefined) return;
    const floor = Math.max(LEAST_WIDTH, Math.min(second?.width ?? 0, first.width - 1));
    first.width = Math.max(floor, first.width - excess);
  }
}

function align(text: string, width: number, isNumber: boolean): string {
  const cut = cutTo(text, width);
  const blanks = ' '.repeat(width - lengthOf(cut));
  return isNumber ? blanks + cut : cut + blanks;
}

/** `text` with at most `width` characters, the last of which tells that some are missing. */
export function cutTo(text: string, width: number): string {
  return lengthOf(text) <= width
    ? text
    : Array.from(text)
        .slice(0, Math.max(0, width - 1))
        .join('') + CUT_MARK;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
