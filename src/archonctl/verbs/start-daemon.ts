import { COMMAND_OPTIONS } from '../command.ts';
import { DAEMON_OPTIONS, startDaemonWith } from '../daemon.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl start-daemon`. */
export const startDaemon = defineVerb({
  name: 'start-daemon',
  operands: ['<command...>'],
  order: 'options-first',
  options: { ...COMMAND_OPTIONS, ...DAEMON_OPTIONS },
  description:
    'Starts a command in the present folder and leaves it to the supervisor; prints its label and pid once it ' +
    'runs. Its standard input is empty, its output goes to the log of the label. Trailing NAME=value words are ' +
    'settings for its environment; after -- every word belongs to the command.',
  examples: [
    ['start-daemon -l web python3 -m http.server 8000', 'prints `web` and its pid'],
    ['start-daemon --restart always ./worker QUEUE=mail', 'is started again whenever it ends'],
    ['start-daemon -- env A=1 ./server', 'nothing behind -- is a setting'],
  ],
  async run(invocation) {
    return startDaemonWith(invocation, true);
  },
});
