import { formatDuration } from '../../base/duration.ts';
import { listing } from '../../base/show.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { timeChart } from '../draw/bars.ts';
import { savePicture } from '../draw/save.ts';
import { COLOURS } from '../draw/svg.ts';
import { printCsv, printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { renderTable, type Column } from '../print/table.ts';
import { beginningsOf, chartRows, lengthOf, measuredOf, readStep, type PlanStep } from '../story/steps.ts';
import { defineVerb, EXIT } from '../verb.ts';

const ACTIONS = ['start', 'stop'] as const;
/** More names would make a sentence that nobody reads. */
const MOST_NAMED = 8;
const MS_A_SECOND = 1000;

const COLUMNS: readonly Column[] = [
  { title: 'STEP', isNumber: true },
  { title: 'ACTION' },
  { title: 'UNIT', isLong: true },
  { title: 'AFTER', isLong: true },
  { title: 'TAKES', isNumber: true },
  { title: 'BEGINS', isNumber: true },
  { title: 'CRITICAL' },
];
const FIELDS = ['step', 'label', 'action', 'after', 'expected_seconds', 'critical'] as const;

/** `archonctl plan`. */
export const plan = defineVerb({
  name: 'plan',
  operands: ['<order>', '<label...>'],
  order: 'options-anywhere',
  options: { svg: { value: 'FILE', help: 'draw it into this file' } },
  description:
    'Says what a start or a stop of units would do, in which order and how long it would take by how long it took before; ' +
    'nothing is done. The order is start or stop. What is critical holds up the rest.',
  examples: [
    ['plan start web', 'what is started with it'],
    ['plan stop db', 'what else stops if this stops'],
    ["plan start '*' --svg start.svg", 'as a picture'],
  ],
  async run(invocation) {
    const { words, given, globals, screen } = invocation;
    const [action = '', ...labels] = words;
    if (!ACTIONS.some((one) => one === action)) {
      screen.complain(`write archonctl plan ${listing(ACTIONS, 'or')} LABEL...`);
      return EXIT.wrongUse;
    }
    const answers = await consult(invocation, [{ fields: ['Plan', action, ...labels] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    const steps = recordsOf(answer, 'Step').map(readStep);
    if (given.svg !== undefined) {
      const title = `${action} ${words.slice(1).map(printable).join(' ')}: ${steps.length} steps${lasting(steps)}`;
      const legend = [
        { fill: COLOURS.ready, says: 'start' },
        { fill: COLOURS.stop, says: 'stop' },
        { fill: COLOURS.critical, says: 'critical: what holds up the rest' },
      ];
      const measured = measuredOf(steps);
      const counts =
        measured === 'time' ? 'steps, and when they are done' : 'steps, and in which turn they are done';
      const drawn = timeChart({ title, legend, counts, measured }, chartRows(steps));
      if (!savePicture(screen, given.svg, drawn)) return EXIT.failed;
    }
    if (globals.format === 'json') {
      printJson(screen, { action, expectedSeconds: lengthOf(steps) / MS_A_SECOND, steps });
    } else if (globals.format === 'csv') {
      await printCsv(screen, FIELDS, steps.map(csvRow));
    } else if (given.svg === undefined) {
      screen.out(planText(action, labels, steps, screen.columns()));
    }
    return EXIT.done;
  },
});

function csvRow(step: PlanStep): Record<(typeof FIELDS)[number], string> {
  const { number, label, action, after, expectedSeconds, critical } = step;
  return {
    step: String(number),
    label,
    action,
    after: after.join(' '),
    expected_seconds: expectedSeconds === null ? '' : String(expectedSeconds),
    critical: critical ? '1' : '0',
  };
}

function planText(
  action: string,
  labels: readonly string[],
  steps: readonly PlanStep[],
  columns: number | undefined,
): string {
  if (steps.length === 0)
    return `nothing would be done: what is to ${action} has ${action === 'start' ? 'started' : 'stopped'}\n`;
  const begins = beginningsOf(steps);
  const names = new Map(steps.map((step) => [step.number, step]));
  const rows = steps.map((step, index) => [
    String(step.number),
    step.action,
    printable(step.label),
    named(step.after.map((number) => printable(names.get(number)?.label ?? String(number)))),
    step.expectedSeconds === null ? '?' : formatDuration(step.expectedSeconds * MS_A_SECOND),
    index > 0 && begins[index] === 0 && step.after.length === 0
      ? 'at once'
      : `+${formatDuration(begins[index] ?? 0)}`,
    step.critical ? '*' : '',
  ]);
  return `${renderTable(COLUMNS, rows, columns)}\n${alsoSaid(action, labels, steps)}${steps.length} steps${lasting(steps)}. Nothing was done.\n`;
}

/** What goes down though it was not named: only force does that. */
function alsoSaid(action: string, labels: readonly string[], steps: readonly PlanStep[]): string {
  if (labels.some((label) => /[*?[{]/.test(label))) return '';
  const others = steps
    .filter((step) => step.action === 'stop' && !labels.includes(step.label))
    .map(({ label }) => label);
  if (others.length === 0) return '';
  const what = named(others.map(printable));
  const back = steps.some((step) => step.action === 'start' && others.includes(step.label))
    ? ', and come back'
    : '';
  return action === 'stop'
    ? `If this stops, ${what} ${others.length === 1 ? 'stops' : 'stop'} too${back}: that takes --force.\n`
    : `To start this, ${what} ${others.length === 1 ? 'is' : 'are'} stopped, which cannot be beside it${others.length === 1 ? '' : ', or needs what cannot'}.\n`;
}

function named(labels: readonly string[]): string {
  if (labels.length === 0) return '';
  const rest = labels.length - MOST_NAMED;
  return listing(rest <= 1 ? labels : [...labels.slice(0, MOST_NAMED), `${rest} others`], 'and');
}

function lasting(steps: readonly PlanStep[]): string {
  const isUnknown = steps.some(({ expectedSeconds }) => expectedSeconds === null);
  const ms = lengthOf(steps);
  if (isUnknown && ms === 0) return ', for how long is not known';
  return `, ${isUnknown ? 'at least' : 'about'} ${formatDuration(ms)} in all`;
}
