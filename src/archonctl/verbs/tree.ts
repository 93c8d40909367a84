import { textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { printCsv, printJson } from '../print/document.ts';
import { isUtf8 } from '../print/locale.ts';
import { PROCESS_FIELDS, treeText, type ProcessRow } from '../print/tree.ts';
import { numberOf } from '../print/unit.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl tree`. */
export const tree = defineVerb({
  name: 'tree',
  operands: ['[label]'],
  order: 'options-anywhere',
  options: {},
  description: 'Shows the processes of a unit, or of all units, each below the one that started it.',
  examples: [
    ['tree web', 'the processes of web'],
    ['tree --json', 'one object {"processes": [...]}, depth first'],
  ],
  async run(invocation) {
    const { words, globals, screen, caller } = invocation;
    const answers = await consult(invocation, [{ fields: ['Tree', ...words] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    const rows = recordsOf(answer, 'Process').map((fields) => {
      const pairs = PROCESS_FIELDS.map((name, index) => [name, textOf(fields[index] ?? '')] as const);
      return Object.fromEntries(pairs) as ProcessRow;
    });
    if (globals.format === 'json') {
      const processes = rows.map((row) => ({
        ...row,
        depth: numberOf(row.depth),
        pid: numberOf(row.pid),
        ppid: numberOf(row.ppid),
      }));
      printJson(screen, { processes });
    } else if (globals.format === 'csv') {
      await printCsv(screen, PROCESS_FIELDS, rows);
    } else {
      screen.out(treeText(rows, screen.columns(), isUtf8(caller.env)));
    }
    return EXIT.done;
  },
});
