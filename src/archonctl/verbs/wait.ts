import { parseDuration } from '../../base/duration.ts';
import { refuse } from '../../base/failure.ts';
import { ok } from '../../base/result.ts';
import { listing, show } from '../../base/show.ts';
import { UNIT_STATES } from '../../base/vocabulary.ts';
import { consult, reasonOf, settle, type Answer } from '../consult.ts';
import { printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { Progress } from '../print/progress.ts';
import { supervisedLimit } from '../time-limit.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl wait`. */
export const wait = defineVerb({
  name: 'wait',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: {
    for: {
      value: 'STATE',
      help: `wait for a state instead of the end: ${UNIT_STATES.join(', ')}`,
      check: (text) =>
        UNIT_STATES.some((state) => state === text)
          ? ok(text)
          : refuse('bad-argument', `${show(text)} is not ${listing(UNIT_STATES)}`),
    },
    timeout: {
      value: 'DURATION',
      help: 'for so long at most; then the exit code is 3',
      check: parseDuration,
    },
  },
  description:
    'Waits until each unit has ended and prints their exit codes, a line each, in the order of the labels (128 and ' +
    'the number of a signal that ended it); of a command or daemon that is down, that of its last end, at once. ' +
    'With --for it waits for a state and prints nothing.',
  examples: [
    ['wait build', 'prints 0 if it ends well'],
    ['wait --for running --timeout 30s web db', 'ends with 3 where that takes longer'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    const limit = supervisedLimit(given.timeout, globals);
    const options = [...(given.for === undefined ? [] : [`@for=${given.for}`]), ...limit.options];
    const what = `waiting for ${words.map(printable).join(', ')}`;
    const progress = new Progress(screen, () =>
      given.for === undefined ? what : `${what} to be ${given.for}`,
    );
    const questions = words.map((label) => ({ fields: ['Wait', label, ...options] }) as const);
    const answers = await consult({ ...invocation, globals: limit.globals }, questions, true);
    progress.close();
    if (!answers.ok) return answers.error;
    const late = answers.value.filter(isTimedOut);
    const code = settle(
      invocation,
      answers.value.filter((answer) => !isTimedOut(answer)),
    );
    for (const { closing } of late) if (closing.kind === 'error') screen.complain(reasonOf(closing.failure));
    if (globals.format === 'json') {
      printJson(screen, {
        units: words.map((label, index) => ({ label, exitCode: codeOf(answers.value[index]) })),
      });
    } else {
      for (const { closing } of answers.value)
        if (closing.kind === 'exit-status') screen.out(`${closing.code}\n`);
    }
    return code === EXIT.done && late.length > 0 ? EXIT.notInThatState : code;
  },
});

function isTimedOut({ closing }: Answer): boolean {
  return closing.kind === 'error' && closing.failure.code === 'timed-out';
}

function codeOf(answer: Answer | undefined): number | null {
  return answer?.closing.kind === 'exit-status' ? answer.closing.code : null;
}
