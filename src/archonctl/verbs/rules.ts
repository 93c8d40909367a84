import { refuse } from '../../base/failure.ts';
import { ok } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { textOf } from '../../protocol/bytes.ts';
import { instantOption, isNoSpan } from '../options/instant.ts';
import { printable } from '../print/printable.ts';
import { printRecords, type Records } from '../print/records.ts';
import { defineVerb, EXIT } from '../verb.ts';

const FIELDS = ['file', 'name', 'fired', 'error', 'state'] as const;

const RULES: Records<(typeof FIELDS)[number]> = {
  kind: 'Rule',
  fields: FIELDS,
  columns: [
    { field: 'file', title: 'FILE', isLong: true },
    { field: 'name', title: 'RULE', isLong: true },
    { field: 'fired', title: 'FIRED', isNumber: true },
    { field: 'state', title: 'STATE' },
    { field: 'error', title: 'LAST ERROR', isLong: true },
  ],
  number: 'fired',
  list: 'rules',
  none: 'there is no rule',
};

/** What the verb may be told to do, besides listing. */
const ACTIONS = ['check', 'test', 'replay', 'reload'] as const;

/** `archonctl rules`. */
export const rules = defineVerb({
  name: 'rules',
  operands: ['[action]', '[file...]'],
  order: 'options-anywhere',
  options: {
    since: instantOption(
      'replay: not events before this instant, such as 10m (ago), 04:15, yesterday, 2026-11-30T04:15',
    ),
    until: instantOption('replay: not those after this instant'),
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
    if (action === undefined) return printRecords(invocation, 'Rules', RULES);
    if (!ACTIONS.some((one) => one === action)) {
      invocation.screen.complain(`${printable(show(action))} is none of check, test, replay and reload`);
      return EXIT.wrongUse;
    }
    if (action === 'reload') return printRecords(invocation, 'ReloadRules', RULES);
    const { readFiles, checkRules, testRules } = await import('../rules/local.ts');
    const files = readFiles(invocation, paths);
    if (files === undefined) return EXIT.failed;
    if (action === 'check') return checkRules(invocation, files);
    if (action === 'test') return testRules(invocation, files);
    const { since, until, last } = invocation.given;
    if (isNoSpan(invocation.given, invocation.screen)) return EXIT.wrongUse;
    const options = [
      ...(since === undefined ? [] : [`@since=${since}`]),
      ...(until === undefined ? [] : [`@until=${until}`]),
      ...(last === undefined ? [] : [`@last=${last}`]),
    ];
    const { replayRules } = await import('../rules/replay.ts');
    return replayRules(invocation, options, files);
  },
});
