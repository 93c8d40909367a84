import { parseDuration } from '../../base/duration.ts';
import { labelOfCommand } from '../../base/label.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { COMMAND_OPTIONS, readCommand } from '../command.ts';
import { follow } from '../run/follow.ts';
import { terminalNote } from '../run/terminal.ts';
import { supervisedLimit } from '../time-limit.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** The descriptors that go to the command. A closed one is /dev/null: Node sees to that when it starts. */
const STANDARD = [0, 1, 2] as const;

/** `archonctl run`. It passes its descriptors on and leaves them alone. */
export const run = defineVerb({
  name: 'run',
  operands: ['<command...>'],
  order: 'options-first',
  options: {
    ...COMMAND_OPTIONS,
    timeout: { value: 'DURATION', help: 'stop it after so long, and end with 124', check: parseDuration },
    keep: { help: 'let it go on when archonctl goes away, and keep how it ends for Wait' },
  },
  description:
    'Runs a command to its end under the supervisor, in the present folder, with the standard input, output ' +
    'and error of this shell, and ends as it did. Trailing NAME=value words are settings for its environment; ' +
    'after -- every word belongs to the command. It has no controlling terminal; signals are passed on to it.\n\n' +
    'Exit code: that of the command, 128 and the number of a signal it died of, 124 timed out, 125 a failure ' +
    'of archon, 126 found but not executable, 127 not found, 69 the supervisor cannot be reached, 2 wrong use.',
  examples: [
    ['run ls -l FOO=1', 'runs `ls -l` with FOO set to 1'],
    ['run -- dd if=a of=b', 'nothing behind -- is a setting'],
    ['run -e LANG=C --timeout 5m make test', 'options come before the command'],
    ['run --my-env -l build make', 'with the environment of this shell, under the label build'],
  ],
  async run(invocation) {
    const { given, globals, caller, screen } = invocation;
    const command = readCommand(invocation, true);
    if (!command.ok) {
      screen.complain(command.error);
      return EXIT.wrongUse;
    }
    const { words, line, rest } = command.value;
    const note = terminalNote(words);
    if (note !== undefined) screen.complain(note);
    const label = given.label ?? ownLabel(words[0] ?? '');
    const options = [
      `@label=${label}`,
      ...supervisedLimit(given.timeout, globals).options,
      ...(given.keep === true ? ['@keep=1'] : []),
    ];
    const socket = socketPath(globals.socket, caller.uid, caller.env);
    return follow(
      { socket, label, request: ['Run', line, ...rest, ...options], descriptors: STANDARD },
      screen,
    );
  },
});

/** A label that no other caller thinks of, so that the command can be asked for after a change of supervisors. */
function ownLabel(program: string): string {
  const chance = Math.random().toString(36).slice(2, 8);
  return `${labelOfCommand(program, () => false)}-${process.pid}-${chance}`;
}
