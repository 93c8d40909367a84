import { parseDuration } from '../../base/duration.ts';
import { textOf } from '../../protocol/bytes.ts';
import { consult, recordsOf, settle, type Answer, type Data } from '../consult.ts';
import { OrderWatch } from '../order-watch.ts';
import { paintState } from '../print/colour.ts';
import { printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { Progress } from '../print/progress.ts';
import { unitRow } from '../print/unit.ts';
import { defineVerb, EXIT } from '../verb.ts';

/** In these states nothing of a unit is there to be brought down. */
const DOWN: readonly string[] = ['stopped', 'failed', 'finished'];

/** `archonctl shutdown`. */
export const shutdown = defineVerb({
  name: 'shutdown',
  operands: [],
  order: 'options-anywhere',
  options: {
    timeout: { value: 'DURATION', help: 'kill what is still up after so long', check: parseDuration },
  },
  description:
    'Stops all units in order, then the supervisor itself; tells of each as it goes down. A second shutdown ' +
    'meanwhile joins the first.',
  examples: [
    ['shutdown', 'returns when nothing is left'],
    ['shutdown --timeout 5s', 'what takes longer is killed'],
  ],
  async run(invocation) {
    const { given, globals, screen } = invocation;
    const before = await consult(invocation, [{ fields: ['List'] }], true);
    if (!before.ok) return before.error;
    const up = new Set(upLabels(before.value));
    const total = up.size;
    const watch = await OrderWatch.begin(invocation, 'stop', ['*']);
    const head = 'shutdown: ';
    const progress = new Progress(screen, (room) => {
      if (watch !== undefined) return head + watch.text(room - head.length);
      const waitedFor = [...up].map(printable).join(', ');
      return `${total - up.size} of ${total} are down; waiting for ${waitedFor === '' ? 'the supervisor' : waitedFor}`;
    });
    const onData = (data: Data): void => {
      const [label, state] = doneOf(data) ?? [];
      if (label === undefined || state === undefined) return;
      up.delete(label);
      if (globals.format !== 'people') return;
      progress.above(() => {
        const painted = paintState(state, printable(state), screen.isColoured());
        screen.out(`${printable(label)} is ${painted}\n`);
      });
    };
    const options = given.timeout === undefined ? [] : [`@timeout=${given.timeout}`];
    const answers = await consult(invocation, [{ fields: ['Shutdown', ...options], onData }], false);
    progress.close();
    watch?.close();
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (globals.format === 'json' && answer?.closing.kind === 'ok') {
      const units = recordsOf(answer, 'Done').map((fields) => fields.map(textOf));
      printJson(screen, { units: units.map(([label, state]) => ({ label, state })) });
    }
    return answer?.closing.kind === 'ok' ? EXIT.done : settle(invocation, answers.value);
  },
});

function doneOf(data: Data): readonly string[] | undefined {
  return data.kind === 'data' && data.name === 'Done' ? data.fields : undefined;
}

function upLabels([answer]: readonly Answer[]): string[] {
  const rows = recordsOf(answer, 'Unit').map(unitRow);
  return rows.filter(({ state }) => !DOWN.includes(state)).map(({ label }) => label);
}
