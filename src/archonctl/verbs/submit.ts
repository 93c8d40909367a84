import { COMMAND_OPTIONS } from '../command.ts';
import { DAEMON_OPTIONS, startDaemonWith } from '../daemon.ts';
import { defineVerb } from '../verb.ts';

/** `archonctl submit`: `start-daemon` as launchd's submit words it. */
export const submit = defineVerb({
  name: 'submit',
  operands: ['<program>', '[arg...]'],
  order: 'options-first',
  options: {
    ...COMMAND_OPTIONS,
    ...DAEMON_OPTIONS,
    program: { short: 'p', help: 'the program follows, and all after it is its arguments' },
  },
  description:
    'Starts a daemon, as start-daemon does, in another habit: the program follows -p, and everything after it is ' +
    'its argument. Settings are given with -e.',
  examples: [
    ['submit -l web -p ./server --port 80 A=1', 'runs `./server --port 80 A=1` as web'],
    ['submit -l web -e A=1 -p ./server', 'runs `./server` with A set to 1'],
  ],
  async run(invocation) {
    return startDaemonWith(invocation, false);
  },
});
