import { refuse } from '../../base/failure.ts';
import type { EventRecord } from '../../base/event-record.ts';
import { ok } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { formatTime } from '../../base/time.ts';
import { textOf } from '../../protocol/bytes.ts';
import { consult, settle } from '../consult.ts';
import { printCsv, printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { localTime } from '../print/time.ts';
import { defineVerb } from '../verb.ts';

const FIELDS = ['sequence', 'time', 'label', 'kind', 'details'] as const;

/** `archonctl events`. */
export const events = defineVerb({
  name: 'events',
  operands: ['[glob]'],
  order: 'options-anywhere',
  options: {
    last: {
      value: 'N',
      help: 'only the last so many',
      check: (text) =>
        /^\d{1,9}$/.test(text) ? ok(text) : refuse('bad-argument', `${show(text)} is not a number of events`),
    },
    kind: { value: 'KIND', help: 'only those of this kind, such as exited' },
  },
  description:
    'Prints what has happened to units, oldest first: number, time, label, kind, and what the kind adds.',
  examples: [
    ['events --last 20', 'the latest'],
    ["events 'web*' --kind exited", 'every end of a unit whose label begins so'],
  ],
  async run(invocation) {
    const { given, words, globals, screen } = invocation;
    const options = [
      ...(given.last === undefined ? [] : [`@last=${given.last}`]),
      ...(given.kind === undefined ? [] : [`@kind=${given.kind}`]),
    ];
    const answers = await consult(invocation, [{ fields: ['Events', ...words, ...options] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    const found = (answer?.data ?? []).flatMap((one) => (one.kind === 'event' ? [one.event] : []));
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    if (globals.format === 'json') printJson(screen, { events: found.map(eventJson) });
    else if (globals.format === 'csv') await printCsv(screen, FIELDS, found.map(eventRow));
    else screen.out(found.map(eventLine).join(''));
    return settle(invocation, answers.value);
  },
});

function eventLine(event: EventRecord): string {
  const details = event.details.map(([name, value]) => ` ${name}=${value}`).join('');
  const what = printable(`${event.label} ${event.kind}${details}`);
  return `${event.sequence} ${localTime(formatTime(event.timeNs))} ${what}\n`;
}

function eventJson(event: EventRecord): object {
  const details = event.details.map(([name, value]) => [name, textOf(value)] as const);
  const { sequence, label, kind } = event;
  return {
    sequence,
    time: Number(formatTime(event.timeNs)),
    label,
    kind,
    details: Object.fromEntries(details),
  };
}

function eventRow(event: EventRecord): Record<(typeof FIELDS)[number], string> {
  const details = event.details.map(([name, value]) => textOf(`${name}=${value}`)).join(' ');
  const { sequence, label, kind } = event;
  return { sequence: String(sequence), time: formatTime(event.timeNs), label, kind, details };
}
