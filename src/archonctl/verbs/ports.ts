import { textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { printCsv, printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { renderTable, type Column } from '../print/table.ts';
import { numberOf } from '../print/unit.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** The fields of a `Port` record, in their order. */
const FIELDS = ['name', 'protocol', 'host', 'port', 'holder', 'state'] as const;

const COLUMNS: readonly Column[] = [
  { title: 'NAME', isLong: true },
  { title: 'PROTOCOL' },
  { title: 'HOST', isLong: true },
  { title: 'PORT', isNumber: true },
  { title: 'HOLDER', isLong: true },
  { title: 'STATE' },
];

/** `archonctl ports`. */
export const ports = defineVerb({
  name: 'ports',
  operands: [],
  order: 'options-anywhere',
  options: {},
  description:
    'Lists the ports of units and those that were asked for, then whatever else listens on this host. held: bound, ' +
    'and no process has it open; open: a process has; failed: it cannot be bound, and who has it; stranger: nothing ' +
    'of it is known here. Of processes of other users only root sees who they are.',
  examples: [
    ['ports', 'a table'],
    ['ports --json', 'one object {"ports": [...]}'],
    ['ports --csv', 'with a header'],
  ],
  async run(invocation) {
    const { globals, screen } = invocation;
    const answers = await consult(invocation, [{ fields: ['Ports'] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    const rows = recordsOf(answer, 'Port').map((fields) => FIELDS.map((_, at) => textOf(fields[at] ?? '')));
    const named = rows.map(
      (row) =>
        Object.fromEntries(FIELDS.map((field, at) => [field, row[at] ?? ''])) as Record<
          (typeof FIELDS)[number],
          string
        >,
    );
    if (globals.format === 'json') {
      printJson(screen, { ports: named.map((row) => ({ ...row, port: numberOf(row.port) })) });
    } else if (globals.format === 'csv') {
      await printCsv(screen, FIELDS, named);
    } else if (rows.length > 0) {
      const cells = rows.map((row) => row.map((cell) => printable(cell)));
      screen.out(renderTable(COLUMNS, cells, screen.columns()));
    } else {
      screen.complain('there is no port');
    }
    return EXIT.done;
  },
});
