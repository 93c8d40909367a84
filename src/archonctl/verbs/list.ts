import { consult, recordsOf, settle } from '../consult.ts';
import { instantOption } from '../options/instant.ts';
import { printCsv, printJson } from '../print/document.ts';
import { UNIT_FIELDS, unitJson, unitRow, unitTable } from '../print/unit.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl list`. */
export const list = defineVerb({
  name: 'list',
  operands: ['[glob]'],
  order: 'options-anywhere',
  options: { at: instantOption('as it was then, such as 10m (ago), 04:15, 2026-11-30T04:15') },
  description:
    'Lists units: label, state, pid, since when, restarts, use of processor and memory, last exit. What is known ' +
    'of none is left out of the table for people.',
  examples: [
    ['list', 'everything'],
    ["list 'web*' --json", 'one object {"units": [...]}'],
    ['list --csv', 'with a header, times in Unix seconds'],
    ['list --at 1h', 'what there was an hour ago'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    const at = given.at === undefined ? [] : [`@at=${given.at}`];
    const answers = await consult(invocation, [{ fields: ['List', ...words, ...at] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    const rows = recordsOf(answer, 'Unit').map(unitRow);
    if (globals.format === 'json') {
      printJson(screen, { units: rows.map(unitJson) });
    } else if (globals.format === 'csv') {
      await printCsv(screen, UNIT_FIELDS, rows);
    } else if (rows.length > 0) {
      const look = { nowMs: Date.now(), columns: screen.columns(), isColoured: screen.isColoured() };
      screen.out(unitTable(rows, look));
    } else {
      screen.complain(words.length === 0 ? 'there is no unit' : 'no unit matches');
    }
    return EXIT.done;
  },
});
