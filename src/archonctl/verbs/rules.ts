import { refuse } from '../../base/failure.ts';
import { ok } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { parseTime } from '../../base/time.ts';
import { textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { printCsv, printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { renderTable, type Column } from '../print/table.ts';
import { numberOf } from '../print/unit.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

/** The fields of a `Rule` record, in their order. */
const FIELDS = ['file', 'name', 'fired', 'error', 'state'] as const;

const COLUMNS: readonly Column[] = [
  { title: 'FILE', isLong: true },
  { title: 'RULE', isLong: true },
  { title: 'FIRED', isNumber: true },
  { title: 'STATE' },
  { title: 'LAST ERROR', isLong: true },
];

/** What the verb may be told to do, besides listing. */
const ACTIONS = ['check', 'test', 'replay', 'reload'] as const;

/** `archonctl rules`. */
export const rules = defineVerb({
  name: 'rules',
  operands: ['[action]', '[file...]'],
  order: 'options-anywhere',
  options: {
    since: {
      value: 'TIME',
      help: 'replay: not events before this instant, in Unix seconds',
      check: parseTime,
    },
    until: { value: 'TIME', help: 'replay: not those after this instant', check: parseTime },
    last: {
      value: 'N',
      help: 'replay: only the last so many',
      check: (text) =>
        /^\d{1,9}$/.test(text) ? ok(text) : refuse('bad-argument', `${show(text)} is not a number of events`),
    },
  },
  description:
    'Lists the rules of the supervisor: how often each has fired, and what went wrong last. check loads rule files ' +
    'without acting and says what is wrong with them; test runs the cases that stand in them (test{...}); replay ' +
    'shows what they would have done on the events that were recorded; reload has the supervisor read its rules ' +
    'again. Files may be folders; without any the usual folder of rules is taken. check and test need no supervisor.',
  examples: [
    ['rules', 'a table'],
    ['rules check', 'what is wrong with the usual ones'],
    ['rules test rules/crash-loop.lua', 'the cases of a file'],
    ['rules replay --last 10000 mine.lua', 'what these rules would have done'],
  ],
  async run(invocation) {
    const [action, ...paths] = invocation.words.map(textOf);
    if (action === undefined) return list(invocation, 'Rules');
    if (!ACTIONS.some((one) => one === action)) {
      invocation.screen.complain(`${printable(show(action))} is none of check, test, replay and reload`);
      return EXIT.wrongUse;
    }
    if (action === 'reload') return list(invocation, 'ReloadRules');
    const { readFiles, checkRules, testRules } = await import('../rules/local.ts');
    const files = readFiles(invocation, paths);
    if (files === undefined) return EXIT.failed;
    if (action === 'check') return checkRules(invocation, files);
    if (action === 'test') return testRules(invocation, files);
    const { since, until, last } = invocation.given;
    const options = [
      ...(since === undefined ? [] : [`@since=${since}`]),
      ...(until === undefined ? [] : [`@until=${until}`]),
      ...(last === undefined ? [] : [`@last=${last}`]),
    ];
    const { replayRules } = await import('../rules/replay.ts');
    return replayRules(invocation, options, files);
  },
});

async function list(invocation: Invocation, request: 'Rules' | 'ReloadRules'): Promise<number> {
  const { globals, screen } = invocation;
  const answers = await consult(invocation, [{ fields: [request] }], true);
  if (!answers.ok) return answers.error;
  const [answer] = answers.value;
  if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
  const rows = recordsOf(answer, 'Rule').map((fields) => FIELDS.map((_, at) => textOf(fields[at] ?? '')));
  const named = rows.map(
    (row) =>
      Object.fromEntries(FIELDS.map((field, at) => [field, row[at] ?? ''])) as Record<
        (typeof FIELDS)[number],
        string
      >,
  );
  if (globals.format === 'json') {
    printJson(screen, { rules: named.map((row) => ({ ...row, fired: numberOf(row.fired) })) });
  } else if (globals.format === 'csv') {
    await printCsv(screen, FIELDS, named);
  } else if (rows.length > 0) {
    const cells = named.map(({ file, name, fired, state, error }) =>
      [file, name, fired, state, error].map((cell) => printable(cell)),
    );
    screen.out(renderTable(COLUMNS, cells, screen.columns()));
  } else {
    screen.complain('there is no rule');
  }
  return EXIT.done;
}
