import { describeErrno } from '../../base/errno.ts';
import { socketPath } from '../../protocol/socket-path.ts';
import { textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle, type Answer } from '../consult.ts';
import { printCsv, printJson } from '../print/document.ts';
import { isUtf8 } from '../print/locale.ts';
import { printable } from '../print/printable.ts';
import { fieldOfStatus, statusJson, statusRows, statusText } from '../print/status.ts';
import { samplesOf } from '../story/history.ts';
import { unitRow } from '../print/unit.ts';
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
  const { words, globals, screen, caller } = invocation;
  const facts = words.map((label) => ({ fields: ['Status', label] }) as const);
  const logs = words.map((label) => ({ fields: ['Log', label, `@lines=${LOG_LINES}`] }) as const);
  const isForPeople = globals.format === 'people';
  /* Only a terminal is wide enough for pictures, and only a person looks at them. */
  const columns = isForPeople ? screen.columns() : undefined;
  const histories =
    columns === undefined ? [] : words.map((label) => ({ fields: ['History', label] }) as const);
  const questions = isForPeople ? [...facts, ...logs, ...histories] : facts;
  const answers = await consult(invocation, questions, true);
  if (!answers.ok) return answers.error;
  const asked = words.map((label, index) => ({
    label,
    answer: answers.value[index],
    log: linesOf(answers.value[words.length + index]),
    past: samplesOf(recordsOf(answers.value[2 * words.length + index], 'Sample')),
  }));
  const found = asked.flatMap(({ label, answer, log, past }) =>
    answer?.closing.kind === 'ok' ? [{ label, data: answer.data, log, past }] : [],
  );
  if (globals.format === 'json') {
    printJson(screen, { units: found.map(({ data }) => statusJson(data)) });
  } else if (globals.format === 'csv') {
    const rows = found.flatMap(({ label, data }) => statusRows(label, data));
    await printCsv(screen, ['label', 'name', 'value'], rows);
  } else {
    const look = {
      nowMs: Date.now(),
      isColoured: screen.isColoured(),
      columns: columns ?? 0,
      isUtf8: isUtf8(caller.env),
    };
    const texts = found.map(({ label, data, log, past }) => statusText(label, data, log, past, look));
    screen.out(texts.join('\n'));
  }
  const code = settle(invocation, answers.value.slice(0, words.length));
  const isWell = found.every(({ data }) => WELL.includes(fieldOfStatus(data, 'state')));
  return code === EXIT.done && !isWell ? EXIT.notInThatState : code;
}

/** A log that cannot be had leaves the status without one. */
function linesOf(answer: Answer | undefined): readonly string[] {
  return recordsOf(answer, 'Line').map(([, text = '']) => text);
}

/** What is asked of the supervisor itself. */
const OF_SUPERVISOR = [{ fields: ['Version'] }, { fields: ['List'] }, { fields: ['Dump', 'state'] }] as const;

/** What the supervisor says of itself in `Dump,state`. */
interface OwnState {
  readonly mode?: string;
  /** `well`; or `degraded`, the errno, and where records go meanwhile. */
  readonly journal?: readonly string[];
}

/** Nothing where it says nothing of itself there, as supervisors of other versions may. */
function ownStateIn(answer: Answer | undefined): OwnState {
  const [[first = ''] = []] = recordsOf(answer, 'Line');
  try {
    const { supervisor = {} } = JSON.parse(textOf(first)) as { readonly supervisor?: OwnState };
    return supervisor;
  } catch {
    return {};
  }
}

/** What is not as it should be with it, a sentence a line. */
function needOf({ mode, journal: [journal, errno = '', place = ''] = [] }: OwnState): string {
  const safe =
    mode === 'safe'
      ? 'It is in safe mode, until it is brought down and started again: see the events since it started.\n'
      : '';
  const degraded =
    journal === 'degraded'
      ? `Its journal cannot be written (${printable(describeErrno(errno))}): what happens is kept in ${PLACES[place] ?? printable(place)} until it can.\n`
      : '';
  return safe + degraded;
}

const PLACES: Readonly<Record<string, string>> = { runtime: 'the runtime folder', memory: 'memory only' };

async function ofSupervisor(invocation: Invocation): Promise<number> {
  const { globals, caller, screen } = invocation;
  const answers = await consult(invocation, OF_SUPERVISOR, true);
  if (!answers.ok) return answers.error;
  const [version, list, own] = answers.value;
  if (version?.closing.kind !== 'ok' || list === undefined) return settle(invocation, answers.value);
  const [name = '', number = '', protocol = ''] = version.closing.fields.map(textOf);
  const socket = socketPath(globals.socket, caller.uid, caller.env);
  const states = countStates(list);
  const state = ownStateIn(own);
  if (globals.format !== 'json') {
    const counts = Object.entries(states).map(([state, count]) => `${count} ${state}`);
    const units = counts.length === 0 ? 'no unit' : counts.join(', ');
    screen.out(`${name} ${number} (protocol ${protocol}) answers at ${socket}: ${units}\n${needOf(state)}`);
  } else {
    printJson(screen, {
      name,
      version: number,
      protocol: Number(protocol),
      socket,
      states,
      ...state,
    });
  }
  return settle(invocation, answers.value);
}

function countStates(list: Answer): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of recordsOf(list, 'Unit').map(unitRow)) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
