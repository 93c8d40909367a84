import { textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { EXIT, type Invocation } from '../verb.ts';
import { printCsv, printJson } from './document.ts';
import { printable } from './printable.ts';
import { renderTable, type Column } from './table.ts';
import { numberOf } from './unit.ts';

/** Records of one kind, as they are shown to people and to programs. */
export interface Records<F extends string> {
  /** The word that each of them begins with. */
  readonly kind: string;
  /** The names of their fields, in their order on the wire. Fields that a later version adds are passed over. */
  readonly fields: readonly F[];
  /** What of them stands in the table, in this order. */
  readonly columns: readonly (Column & { readonly field: F })[];
  /** The one that is a number for programs. */
  readonly number: F;
  /** What the list is called in JSON. */
  readonly list: string;
  /** What is said where there is none. */
  readonly none: string;
}

/** Puts the request and prints the records that answer it, as a table, CSV or JSON; resolves with the exit code. */
export async function printRecords<F extends string>(
  invocation: Invocation,
  request: string,
  { kind, fields, columns, number, list, none }: Records<F>,
): Promise<number> {
  const { globals, screen } = invocation;
  const answers = await consult(invocation, [{ fields: [request] }], true);
  if (!answers.ok) return answers.error;
  const [answer] = answers.value;
  if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
  const rows = recordsOf(answer, kind).map(
    (record) =>
      Object.fromEntries(fields.map((field, at) => [field, textOf(record[at] ?? '')])) as Record<F, string>,
  );
  if (globals.format === 'json') {
    printJson(screen, { [list]: rows.map((row) => ({ ...row, [number]: numberOf(row[number]) })) });
  } else if (globals.format === 'csv') {
    await printCsv(screen, fields, rows);
  } else if (rows.length > 0) {
    const cells = rows.map((row) => columns.map(({ field }) => printable(row[field])));
    screen.out(renderTable(columns, cells, screen.columns()));
  } else {
    screen.complain(none);
  }
  return EXIT.done;
}
