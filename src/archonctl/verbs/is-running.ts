import { consult, settle, type Answer } from '../consult.ts';
import { printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { fieldOfStatus } from '../print/status.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** `archonctl is-running`. */
export const isRunning = defineVerb({
  name: 'is-running',
  operands: ['<label...>'],
  order: 'options-anywhere',
  options: {},
  description:
    'For scripts: ends with 0 if all the units are running (ready, not merely starting), else with 3 and a ' +
    'sentence about each that is not; with 4 where there is no such unit.',
  examples: [['is-running web db && curl localhost', 'only while both run']],
  async run(invocation) {
    const { words, globals, screen } = invocation;
    const questions = words.map((label) => ({ fields: ['Status', label] }) as const);
    const answers = await consult(invocation, questions, true);
    if (!answers.ok) return answers.error;
    const code = settle(invocation, answers.value);
    const units = words.map((label, index) => ({ label, state: stateOf(answers.value[index]) }));
    if (globals.format === 'json') printJson(screen, { units });
    if (code !== EXIT.done) return code;
    const down = units.filter(({ state }) => state !== 'running');
    for (const { label, state } of down)
      screen.complain(`${printable(label)} is ${printable(state ?? 'nowhere')}`);
    return down.length === 0 ? EXIT.done : EXIT.notInThatState;
  },
});

function stateOf(answer: Answer | undefined): string | null {
  return (answer === undefined ? undefined : fieldOfStatus(answer.data, 'state')) ?? null;
}
