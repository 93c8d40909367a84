import { parseDuration } from '../base/duration.ts';
import { ERRORS } from '../base/errors.ts';
import { textOf } from '../protocol/bytes.ts';
import { consult, reasonOf, type Answer, type Data } from './consult.ts';
import type { Given, OptionTable } from './options/option.ts';
import { paintState } from './print/colour.ts';
import { printJson } from './print/document.ts';
import { printable } from './print/printable.ts';
import { OrderWatch } from './order-watch.ts';
import { Progress } from './print/progress.ts';
import type { Screen } from './print/screen.ts';
import { cutTo } from './print/table.ts';
import { supervisedLimit } from './time-limit.ts';
import { EXIT, type Invocation } from './verb.ts';

/** The options of the verbs that give orders to units. */
export const ORDER_OPTIONS = {
  force: { help: 'even if others are taken down by it' },
  'no-wait': { help: 'give the order and return at once' },
  timeout: {
    value: 'DURATION',
    help: 'how long to wait; what was ordered may still happen later',
    check: parseDuration,
  },
} as const satisfies OptionTable;

/** So much of what was named is shown again: what is waited for says more. */
const MOST_OF_WORDS = 24;

/** What an order came to for one unit. */
interface Outcome {
  readonly label: string;
  readonly state?: string;
  readonly error?: { readonly reason: string; readonly code: string };
}

/** Gives an order to units, tells of each as it is carried out, and resolves with the exit code. */
export async function giveOrder(
  invocation: Invocation & { readonly given: Given<typeof ORDER_OPTIONS> },
  verb: 'Start' | 'Stop' | 'Restart',
  ownOptions: readonly string[] = [],
): Promise<number> {
  const { given, words, globals, screen } = invocation;
  const limit = supervisedLimit(given.timeout, globals);
  const options = [
    ...(given.force === true ? ['@force=1'] : []),
    ...(given['no-wait'] === true ? ['@wait=0'] : []),
    ...limit.options,
    ...ownOptions,
  ];
  let count = 0;
  const what = words.map(printable).join(' ');
  const action = verb.toLowerCase() as Lowercase<typeof verb>;
  const watch = given['no-wait'] === true ? undefined : await OrderWatch.begin(invocation, action, words);
  const head = `${action} ${cutTo(what, MOST_OF_WORDS)}: `;
  const progress = new Progress(
    screen,
    (room) => head + (watch?.text(room - head.length) ?? `${count} done`),
  );
  const onData = (data: Data): void => {
    const outcome = outcomeOf(data);
    if (outcome === undefined) return;
    count += 1;
    if (globals.format !== 'people') return;
    progress.above(() => {
      printOutcome(screen, outcome);
    });
  };
  const question = { fields: [verb, ...words, ...options], onData } as const;
  const answers = await consult({ ...invocation, globals: limit.globals }, [question], verb !== 'Restart');
  progress.close();
  watch?.close();
  if (!answers.ok) return answers.error;
  const [answer] = answers.value;
  return answer === undefined ? EXIT.failed : conclude(invocation, answer);
}

function conclude(invocation: Invocation, { data, closing }: Answer): number {
  const { globals, screen } = invocation;
  const outcomes = data.flatMap((one) => outcomeOf(one) ?? []);
  if (globals.format === 'json') printJson(screen, { units: outcomes });
  if (closing.kind === 'error') {
    /* A failure of one unit has been told with its name already. */
    const isTold = outcomes.some(({ error }) => error?.reason === reasonOf(closing.failure));
    if (!isTold) screen.complain(reasonOf(closing.failure));
    return ERRORS[closing.failure.code].exitCode;
  }
  if (closing.kind === 'ok' && closing.fields[0] === '0') screen.complain('no unit matches');
  return EXIT.done;
}

function outcomeOf(data: Data): Outcome | undefined {
  if (data.kind !== 'data') return undefined;
  const [label = '', second = '', code = ''] = data.fields.map(textOf);
  if (data.name === 'Done') return { label, state: second };
  return data.name === 'Failed' ? { label, error: { reason: second, code } } : undefined;
}

function printOutcome(screen: Screen, { label, state = '', error }: Outcome): void {
  if (error === undefined) {
    screen.out(`${printable(label)} is ${paintState(state, printable(state), screen.isColoured())}\n`);
    return;
  }
  screen.complain(`${printable(label)}: ${printable(error.reason)}`);
}
