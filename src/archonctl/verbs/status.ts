import { socketPath } from '../../protocol/socket-path.ts';
import { textOf } from '../../protocol/bytes.ts';
import { consult, settle, type Answer } from '../consult.ts';
import { printJson } from '../print/document.ts';
import { fieldOfStatus, statusJson, statusText } from '../print/status.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

/** How many of the last lines of a log are shown. */
const LOG_LINES = 10;

/** In these states a unit is as it should be. */
const WELL: readonly (string | undefined)[] = ['running', 'finished'];

/** `archonctl status`. */
export const status = defineVerb({
  name: 'status',
  operands: ['[label...]'],
  order: 'options-anywhere',
  options: {},
  description:
    'Tells all that is known of units, with the last lines of their logs; without a label, who answers and how ' +
    'many units are in which state. Ends with 3 where one of the units named is neither running nor finished, ' +
    'with 4 where there is no such unit.',
  examples: [
    ['status web', 'one in full'],
    ['status web db --json', 'one object {"units": [...]}'],
    ['status', 'the supervisor itself'],
  ],
  async run(invocation) {
    return invocation.words.length === 0 ? ofSupervisor(invocation) : ofUnits(invocation);
  },
});

async function ofUnits(invocation: Invocation): Promise<number> {
  const { words, globals, screen } = invocation;
  const facts = words.map((label) => ({ fields: ['Status', label] }) as const);
  const logs = words.map((label) => ({ fields: ['Log', label, `@lines=${LOG_LINES}`] }) as const);
  const isForPeople = globals.format === 'people';
  const answers = await consult(invocation, isForPeople ? [...facts, ...logs] : facts, true);
  if (!answers.ok) return answers.error;
  const found = answers.value.slice(0, words.length);
  if (isForPeople) {
    const look = { nowMs: Date.now(), isColoured: screen.isColoured() };
    const texts = words.flatMap((label, index) => {
      const answer = found[index];
      if (answer?.closing.kind !== 'ok') return [];
      return [statusText(label, answer.data, linesOf(answers.value[words.length + index]), look)];
    });
    screen.out(texts.join('\n'));
  } else {
    printJson(screen, { units: found.filter(({ closing }) => closing.kind === 'ok').map(({ data }) => statusJson(data)) });
  }
  const code = settle(invocation, found);
  const isWell = found.every(({ data }) => WELL.includes(fieldOfStatus(data, 'state')));
  return code === EXIT.done && !isWell ? EXIT.notInThatState : code;
}

/** A log that cannot be had leaves the status without one. */
function linesOf(answer: Answer | undefined): readonly string[] {
  return (answer?.data ?? []).flatMap((one) =>
    one.kind === 'data' && one.name === 'Line' ? [one.fields[1] ?? ''] : [],
  );
}

async function ofSupervisor(invocation: Invocation): Promise<number> {
  const { globals, caller, screen } = invocation;
  const answers = await consult(invocation, [{ fields: ['Version'] }, { fields: ['List'] }], true);
  if (!answers.ok) return answers.error;
  const [version, list] = answers.value;
  if (version?.closing.kind !== 'ok' || list === undefined) return settle(invocation, answers.value);
  const [name = '', number = '', protocol = ''] = version.closing.fields.map(textOf);
  const socket = socketPath(globals.socket, caller.uid, caller.env);
  const states = countStates(list);
  if (globals.format === 'people') {
    const counts = Object.entries(states).map(([state, count]) => `${count} ${state}`);
    const units = counts.length === 0 ? 'no unit' : counts.join(', ');
    screen.out(`${name} ${number} (protocol ${protocol}) answers at ${socket}: ${units}\n`);
  } else {
    printJson(screen, { name, version: number, protocol: Number(protocol), socket, states });
  }
  return settle(invocation, answers.value);
}

function countStates({ data }: Answer): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of data) {
    if (one.kind !== 'data' || one.name !== 'Unit') continue;
    const state = textOf(one.fields[1] ?? '');
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}
