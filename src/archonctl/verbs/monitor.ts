import { describeErrno } from '../../base/errno.ts';
import { parseLabel } from '../../base/label.ts';
import { closeDescriptor, openPidfd } from '../../sys/dialer.ts';
import { consult, settle } from '../consult.ts';
import { printStarted } from '../daemon.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** pid_t is an int. */
const MAX_PID = 2 ** 31 - 1;

/** `archonctl monitor`: the descriptor is opened here, so that the process is the one that the caller means. */
export const monitor = defineVerb({
  name: 'monitor',
  operands: ['<pid>'],
  order: 'options-anywhere',
  options: { label: { short: 'l', value: 'LABEL', help: 'call it so', check: parseLabel } },
  description:
    'Has the supervisor watch a process that it did not start; prints its label and pid. The process is not ' +
    'stopped when the watch ends, with forget or with the supervisor.',
  examples: [
    ['monitor 1234', 'watches it under its own name'],
    ['monitor -l db $(pidof postgres)', 'watches it as db'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    const [text = ''] = words;
    const pid = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : NaN;
    if (!(pid <= MAX_PID)) {
      screen.complain(`${text} is no pid: write a number, as ps shows it`);
      return EXIT.wrongUse;
    }
    const pidfd = openPidfd(pid);
    if (!pidfd.ok) {
      const { code } = pidfd.error;
      const why = code === 'ESRCH' ? 'there is no such process' : describeErrno(code);
      screen.complain(`process ${pid} cannot be watched: ${why}`);
      return EXIT.failed;
    }
    const question = {
      fields: ['MonitorFD', `@label=${given.label ?? ''}`],
      descriptors: [pidfd.value],
    } as const;
    const answers = await consult(invocation, [question], false);
    closeDescriptor(pidfd.value);
    if (!answers.ok) return answers.error;
    return (
      printStarted(invocation, answers.value, globals.format === 'json') ?? settle(invocation, answers.value)
    );
  },
});
