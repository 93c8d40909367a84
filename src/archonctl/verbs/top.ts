import { parseDuration } from '../../base/duration.ts';
import { refuse, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { isTerminal } from '../../sys/dialer.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { questionsOf } from '../top/feed.ts';
import { saveHistory } from '../top/history-file.ts';
import { printOnce } from '../top/plain.ts';
import { topRows, type TopRow } from '../top/row.ts';
import { parseSortKey, SORT_KEYS, sorted, type SortKey } from '../top/sort.ts';
import { firstView } from '../top/view.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

const OUTPUT = 1;

const EVERY_MS = 1000;
/** More often nobody can read it. */
const LEAST_EVERY_MS = 100;

/** `archonctl top`. */
export const top = defineVerb({
  name: 'top',
  operands: ['[glob]'],
  order: 'options-anywhere',
  options: {
    sort: {
      short: 's',
      value: 'ORDER',
      help: `what units are put in order by: ${SORT_KEYS.join(', ')} (cpu)`,
      check: parseSortKey,
    },
    reverse: { short: 'r', help: 'the other way round' },
    every: {
      short: 'd',
      value: 'DURATION',
      help: 'how often to look (1s); without a terminal once otherwise',
      check: parseEvery,
    },
    once: { help: 'look once, on a terminal too' },
    svg: { value: 'FILE', help: 'draw what they have used in the last hour into this file' },
  },
  description:
    'Shows units and what they use: processor, memory, descriptors, threads, storage. On a terminal it fills the screen and ' +
    'goes on until q is pressed; ? tells the other keys: other orders, a filter, one unit with its last hour. Elsewhere, and ' +
    'with --json and --csv, it looks once, or as often as --every says, until interrupted. What is down is shown too.',
  examples: [
    ['top', 'everything, live'],
    ["top --sort memory 'web*'", 'these units, the largest first'],
    ['top web', 'one unit, with what it has used in the last hour'],
    ['top --once', 'a table'],
    ['top --json --every 10s', 'one object {"time", "totals", "units": [...]} every ten seconds'],
    ["top --svg web.svg 'web*'", 'a picture of the last hour'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    const order = { sort: orderOf(given.sort), isReversed: given.reverse === true };
    if (given.svg !== undefined) return saveHistory(invocation, given.svg);
    const everyMs = given.every === undefined ? undefined : durationOf(given.every);
    const isLive = fillsScreen(invocation) && globals.format === 'people' && given.once !== true;
    const rows = await look(invocation);
    if (!rows.ok) return rows.error;
    if (isLive) {
      const { LiveTop } = await import('../top/live.ts');
      const [only] = rows.value;
      const view = firstView(order.sort, order.isReversed);
      const isOne = rows.value.length === 1 && only !== undefined && only.label === words[0];
      return new LiveTop(
        invocation,
        everyMs ?? EVERY_MS,
        isOne ? { ...view, page: 'unit', selected: only.label } : view,
        { rows: rows.value, past: undefined },
      ).run();
    }
    if (rows.value.length === 0 && globals.format === 'people')
      screen.complain(words.length === 0 ? 'there is no unit' : 'no unit matches');
    else await printOnce(invocation, sorted(rows.value, order.sort, order.isReversed), order.sort, true);
    if (everyMs === undefined || given.once === true) return EXIT.done;
    return again(invocation, order, everyMs);
  },
});

/** Whether standard output is a terminal that can be more than written to, line by line. */
function fillsScreen({ caller }: Invocation): boolean {
  const kind = caller.env['TERM'] ?? '';
  return isTerminal(OUTPUT) && kind !== '' && kind !== 'dumb';
}

/** Prints it anew each time so long has passed, until somebody ends it or the supervisor does not come back. */
async function again(
  invocation: Invocation,
  order: { readonly sort: SortKey; readonly isReversed: boolean },
  everyMs: number,
): Promise<number> {
  invocation.screen.endWithReader();
  for (;;) {
    await new Promise((go) => setTimeout(go, everyMs));
    const rows = await look(invocation);
    if (!rows.ok) return rows.error;
    await printOnce(invocation, sorted(rows.value, order.sort, order.isReversed), order.sort, false);
  }
}

/** What there is now; else the exit code. */
async function look(invocation: Invocation): Promise<Result<readonly TopRow[], number>> {
  const questions = questionsOf(invocation.words).map((fields) => ({ fields }));
  const answers = await consult(invocation, questions, true);
  if (!answers.ok) return answers;
  const [list, usage] = answers.value;
  const failed = [list, usage].find((answer) => answer?.closing.kind !== 'ok');
  if (failed !== undefined) return err(settle(invocation, [failed]));
  return ok(topRows(recordsOf(list, 'Unit'), recordsOf(usage, 'Usage')));
}

function parseEvery(text: string): Result<number, Failure> {
  const parsed = parseDuration(text);
  if (!parsed.ok || parsed.value >= LEAST_EVERY_MS) return parsed;
  return refuse('bad-argument', `${show(text)} is too often: write 100ms or more`);
}

function durationOf(text: string): number {
  const parsed = parseDuration(text);
  return parsed.ok ? parsed.value : EVERY_MS;
}

function orderOf(word: string | undefined): SortKey {
  const parsed = parseSortKey(word ?? 'cpu');
  return parsed.ok ? parsed.value : 'cpu';
}
