import { formatDuration } from '../../base/duration.ts';
import { refuse, type Failure } from '../../base/failure.ts';
import { isGlob } from '../../base/glob.ts';
import { ok, type Result } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { parseTime } from '../../base/time.ts';
import { textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { Interleaving } from '../logs/interleave.ts';
import { LogSource, type LogLine } from '../logs/log-source.ts';
import { LogPrinter } from '../logs/printer.ts';
import { instantOption, isNoSpan } from '../options/instant.ts';
import type { Given } from '../options/option.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

const OPTIONS = {
  follow: { short: 'f', help: 'go on with what is written, until interrupted' },
  lines: {
    short: 'n',
    value: 'LINES',
    help: 'only the last so many of each',
    check: (text: string) =>
      /^\d{1,9}$/.test(text) ? ok(text) : refuse('bad-argument', `${show(text)} is not a number of lines`),
  },
  since: instantOption(
    'not those before this instant, such as 10m (ago), 04:15, yesterday, 2026-11-30T04:15',
  ),
  until: instantOption('not those after this instant'),
  grep: {
    value: 'REGEX',
    help: 'only lines in which this is found (a regular expression of JavaScript)',
    check: parseRegex,
  },
  times: { short: 't', help: 'with the time of each line, as far as it is known' },
  reopen: { help: 'print nothing; the logs, which were moved away, are made anew under their names' },
} as const;

type Wanted = Given<typeof OPTIONS>;

/** `archonctl logs`. */
export const logs = defineVerb({
  name: 'logs',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: OPTIONS,
  description:
    'Prints what units have written, byte by byte as they wrote it. The lines of several are told apart by their ' +
    'labels and put in the order of their times, as far as these are known. A glob stands for the units that there ' +
    'are. With -f it goes on over restarts of the units, and over deaths of the supervisor, without missing a line.',
  examples: [
    ['logs -n 20 web', 'the last twenty lines'],
    ['logs -f -t web db', 'both as they write, with times'],
    ["logs --grep 'error|warn' 'web*'", 'what these units complained of'],
    ['logs --since 10m web', 'what it wrote in the last ten minutes'],
    ['logs --since 04:00 --until 04:15 web', 'what it wrote then'],
    ["logs --reopen 'web*'", 'after their files have been moved away'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    if (isNoSpan(given, screen)) return EXIT.wrongUse;
    const labels = await labelsOf(invocation, words);
    if (typeof labels === 'number') return labels;
    if (given.reopen === true) return reopen(invocation, labels);
    const isFollowed = given.follow === true;
    const printer = new LogPrinter(screen, {
      width:
        labels.length === 1 && words.length === 1
          ? undefined
          : Math.max(...labels.map((label) => label.length)),
      hasTimes: given.times === true,
      json: globals.format !== 'json' ? undefined : isFollowed ? 'lines' : 'object',
    });
    const deadline =
      globals.timeoutMs === undefined || isFollowed ? undefined : AbortSignal.timeout(globals.timeoutMs);
    const sources = labels.map(
      (label) =>
        new LogSource(
          invocation,
          { label, isNamed: words.includes(label), isFollowed, ...wishOf(given) },
          () => {
            interleaving.pump();
          },
          deadline,
        ),
    );
    const interleaving = new Interleaving(sources, (line) => {
      printer.print(line);
    });
    if (isFollowed) screen.endWithReader();
    const codes = await Promise.all(sources.map(async (source) => source.run()));
    printer.end();
    if (deadline?.aborted === true)
      screen.complain(`there was no answer within ${formatDuration(globals.timeoutMs ?? 0)}`);
    const code = Math.max(...codes);
    if (isFollowed && code === EXIT.done) screen.complain('the supervisor has shut down');
    return code;
  },
});

/** Has what is written go to new files; a label that a glob stands for may have none. */
async function reopen(invocation: Invocation, labels: readonly string[]): Promise<number> {
  const requests = labels.map((label) => ({ fields: ['Log', label, '@reopen=1'] }) as const);
  const answers = await consult(invocation, requests, true);
  if (!answers.ok) return answers.error;
  return settle(
    invocation,
    answers.value.filter(({ closing }, index) => {
      const isNamed = invocation.words.includes(labels[index] ?? '');
      return isNamed || closing.kind !== 'error' || closing.failure.code !== 'unsupported';
    }),
  );
}

/** The labels that the words stand for, each once; else the exit code. */
async function labelsOf(
  invocation: Invocation,
  words: readonly string[],
): Promise<readonly string[] | number> {
  const globs = words.filter(isGlob);
  if (globs.length === 0) return [...new Set(words)];
  const answers = await consult(
    invocation,
    globs.map((glob) => ({ fields: ['List', glob] })),
    true,
  );
  if (!answers.ok) return answers.error;
  const code = settle(invocation, answers.value);
  if (code !== EXIT.done) return code;
  const found = new Map(
    globs.map((glob, index) => [glob, recordsOf(answers.value[index], 'Unit').map(([label = '']) => label)]),
  );
  const labels = [...new Set(words.flatMap((word) => found.get(word) ?? [word]))];
  if (labels.length > 0) return labels;
  invocation.screen.complain('no unit matches');
  return EXIT.done;
}

/** What is asked of each log, and what is chosen of the answer. */
function wishOf(given: Wanted): {
  readonly options: readonly string[];
  readonly accepts: (line: LogLine) => boolean;
  readonly lastLines: number | undefined;
} {
  const isChosen = given.grep !== undefined || given.until !== undefined;
  const options = [
    ...(given.since === undefined ? [] : [`@since=${given.since}`]),
    ...(given.lines === undefined || isChosen ? [] : [`@lines=${given.lines}`]),
  ];
  const until = given.until === undefined ? undefined : parseTime(given.until);
  const pattern = given.grep === undefined ? undefined : parseRegex(given.grep);
  return {
    options,
    lastLines: given.lines === undefined || !isChosen ? undefined : Number(given.lines),
    accepts: ({ time, text }) => {
      if (until?.ok === true) {
        const at = parseTime(time);
        if (at.ok && at.value > until.value) return false;
      }
      return pattern?.ok !== true || pattern.value.test(textOf(text));
    },
  };
}

function parseRegex(field: string): Result<RegExp, Failure> {
  try {
    return ok(new RegExp(textOf(field), 'u'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse('bad-argument', `${show(field)} is not a regular expression: ${why}`);
  }
}
