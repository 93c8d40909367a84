import { formatSize } from '../../base/size.ts';
import { textOf } from '../../protocol/bytes.ts';
import { paintState } from './colour.ts';
import { printable } from './printable.ts';
import { renderTable, type Column } from './table.ts';
import { ageOf } from './time.ts';

/** The fields of a `Unit` record, in their order; what is not known is empty. */
export const UNIT_FIELDS = [
  'label',
  'state',
  'pid',
  'since',
  'restarts',
  'cpu',
  'memory',
  'last_exit',
] as const;

/** A `Unit` record by the names of its fields. */
export type UnitRow = Readonly<Record<(typeof UNIT_FIELDS)[number], string>>;

/** The row of a record's fields; those of a later version are left out. */
export function unitRow(fields: readonly string[]): UnitRow {
  const pairs = UNIT_FIELDS.map((name, index) => [name, textOf(fields[index] ?? '')] as const);
  return Object.fromEntries(pairs) as UnitRow;
}

/** A row for programs: numbers as such, `null` for what is not known. Times are Unix seconds. */
export function unitJson(row: UnitRow): object {
  return {
    label: row.label,
    state: row.state,
    pid: numberOf(row.pid),
    since: numberOf(row.since),
    restarts: numberOf(row.restarts),
    cpuPercent: numberOf(row.cpu),
    memoryBytes: numberOf(row.memory),
    lastExit: row.last_exit === '' ? null : row.last_exit,
  };
}

/** A field that is a number, or nothing. */
export function numberOf(text: string): number | null {
  return text === '' || Number.isNaN(Number(text)) ? null : Number(text);
}

const COLUMNS: readonly Column[] = [
  { title: 'LABEL', isLong: true },
  { title: 'STATE' },
  { title: 'PID', isNumber: true },
  { title: 'SINCE' },
  { title: 'RESTARTS', isNumber: true },
  { title: 'CPU', isNumber: true },
  { title: 'MEMORY', isNumber: true },
  { title: 'LAST EXIT', isLong: true },
];
const STATE_COLUMN = 1;

/** What a table for people has to know of where it is printed. */
export interface Look {
  readonly nowMs: number;
  /** Of the terminal, if it is one. */
  readonly columns: number | undefined;
  readonly isColoured: boolean;
}

/** Units as a table for people; the age of their states instead of instants. */
export function unitTable(rows: readonly UnitRow[], look: Look): string {
  const cells = rows.map((row) => [
    printable(row.label),
    printable(row.state),
    printable(row.pid),
    row.since === '' ? '' : `${ageOf(row.since, look.nowMs)} ago`,
    row.restarts === '0' ? '' : printable(row.restarts),
    row.cpu === '' ? '' : `${printable(row.cpu)}%`,
    sizeOf(row.memory),
    exitOf(row.last_exit),
  ]);
  return renderTable(COLUMNS, cells, look.columns, (cell, column, index) =>
    column === STATE_COLUMN ? paintState(rows[index]?.state ?? '', cell, look.isColoured) : cell,
  );
}

/** Bytes as a person would say them. */
export function sizeOf(bytes: string): string {
  const number = numberOf(bytes);
  return number === null ? printable(bytes) : formatSize(number);
}

/** `code:7` and `signal:SIGKILL` as a person would say it. */
export function exitOf(lastExit: string): string {
  return printable(lastExit)
    .replace(/^code:/, 'code ')
    .replace(/^signal:/, '');
}
