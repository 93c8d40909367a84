import { splitWords } from '../base/words.ts';
import { refuse } from '../base/failure.ts';
import { ok } from '../base/result.ts';
import { listing, show } from '../base/show.ts';
import { textOf } from '../protocol/bytes.ts';
import { readCommand, type COMMAND_OPTIONS } from './command.ts';
import { consult, settle } from './consult.ts';
import type { Given, OptionTable } from './options/option.ts';
import { printJson } from './print/document.ts';
import { EXIT, type Invocation } from './verb.ts';

const POLICIES = ['always', 'on-failure', 'never'] as const;

/** What only a daemon can be given. */
export const DAEMON_OPTIONS = {
  restart: {
    value: 'POLICY',
    help: 'start it again: always, on-failure or never (never)',
    check: (text) =>
      POLICIES.some((policy) => policy === text)
        ? ok(text)
        : refuse('bad-argument', `${show(text)} is not ${listing(POLICIES)}`),
  },
  'on-exit': { value: 'COMMAND', help: 'run this at each of its ends', check: splitWords },
} as const satisfies OptionTable;

type DaemonGiven = Given<typeof COMMAND_OPTIONS & typeof DAEMON_OPTIONS>;

/** Starts a daemon and prints its label and pid. */
export async function startDaemonWith(
  invocation: Invocation & { readonly given: DaemonGiven },
  takesSettings: boolean,
): Promise<number> {
  const { given, globals, screen } = invocation;
  const command = readCommand(invocation, takesSettings);
  if (!command.ok) {
    screen.complain(command.error);
    return EXIT.wrongUse;
  }
  const options = [
    `@label=${given.label ?? ''}`,
    ...(given.restart === undefined ? [] : [`@restart=${given.restart}`]),
    ...(given['on-exit'] === undefined ? [] : [`@on-exit=${given['on-exit']}`]),
  ];
  const { line, rest } = command.value;
  const answers = await consult(invocation, [{ fields: ['StartDaemon', line, ...rest, ...options] }], false);
  if (!answers.ok) return answers.error;
  return (
    printStarted(invocation, answers.value, globals.format === 'json') ?? settle(invocation, answers.value)
  );
}

/** Prints the label and pid of `Ok,<label>,<pid>`; undefined where the answer is another. */
export function printStarted(
  { screen }: Invocation,
  [answer]: Parameters<typeof settle>[1],
  isJson: boolean,
): number | undefined {
  if (answer?.closing.kind !== 'ok') return undefined;
  const [label = '', pid = ''] = answer.closing.fields.map(textOf);
  if (isJson) printJson(screen, { label, pid: pid === '' ? null : Number(pid) });
  else screen.out(pid === '' ? `${label}\n` : `${label} ${pid}\n`);
  return EXIT.done;
}
