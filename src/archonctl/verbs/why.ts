import type { EventRecord } from '../../base/event-record.ts';
import { readEvent } from '../../protocol/event.ts';
import { holdUpsOf, holdUpsText } from '../hold-ups.ts';
import { consult, recordsOf, settle, type Answer } from '../consult.ts';
import { printCsv, printJson } from '../print/document.ts';
import { EVENT_FIELDS, eventJson, eventRow } from '../print/event.ts';
import { printable } from '../print/printable.ts';
import { fieldOfStatus } from '../print/status.ts';
import { renderTable } from '../print/table.ts';
import { localTime } from '../print/time.ts';
import { because, originOf, RELATIONS, type Relations } from '../story/because.ts';
import { askedBy, phraseOf } from '../story/phrase.ts';
import { formatTime } from '../../base/time.ts';
import { defineVerb, EXIT, type Invocation } from '../verb.ts';

/** What led to how the unit was before is told so far; a chain may be months long. */
const SHOWN_BEFORE = 3;

const COLUMNS = [
  { title: 'TIME' },
  { title: 'EVENT', isNumber: true },
  { title: 'UNIT' },
  { title: 'WHAT', isLong: true },
] as const;

/** `archonctl why`. */
export const why = defineVerb({
  name: 'why',
  operands: ['<label>'],
  order: 'options-anywhere',
  options: {},
  description:
    'Tells why a unit is as it is: a sentence, then what led to it, the newest first, back to what came by itself or was ' +
    'asked for.',
  examples: [
    ['why web', 'in words'],
    ['why web --json', 'one object {"label", "state", "because", "chain": [...]}, back to the root'],
  ],
  async run(invocation) {
    const { words, globals, screen } = invocation;
    const [label = ''] = words;
    const answers = await consult(
      invocation,
      [{ fields: ['Why', label] }, { fields: ['Status', label] }],
      true,
    );
    if (!answers.ok) return answers.error;
    const [answer, status] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value.slice(0, 1));
    const chain = chainIn(answer);
    const relations = await relationsOf(invocation, chain);
    const state = status === undefined ? undefined : fieldOfStatus(status.data, 'state');
    const sentence = because(label, chain, relations, Date.now());
    const holdUps = status === undefined || state !== 'waiting' ? [] : await holdUpsOf(invocation, status);
    if (globals.format === 'json') {
      const events = chain.map((event, depth) => ({ depth, ...eventJson(event) }));
      printJson(screen, {
        label,
        state: state ?? null,
        because: sentence ?? null,
        lost: lostCause(chain) ?? null,
        waitsFor: holdUps.map((one) => ({ ...one, lastEnd: one.lastEnd ?? null })),
        chain: events,
      });
    } else if (globals.format === 'csv') {
      const rows = chain.map((event, depth) => ({ depth: String(depth), ...eventRow(event) }));
      await printCsv(screen, ['depth', ...EVENT_FIELDS], rows);
    } else {
      screen.out(whyText({ label, state, sentence, waits: holdUpsText(holdUps), chain }, screen.columns()));
    }
    return EXIT.done;
  },
});

function chainIn(answer: Answer): readonly EventRecord[] {
  return recordsOf(answer, 'Cause').flatMap(([, ...fields]) => {
    const event = readEvent(fields);
    return event.ok ? [event.value] : [];
  });
}

/** The number of the event that the oldest one was caused by, which is not kept any more; undefined where nothing is missing. */
function lostCause(chain: readonly EventRecord[]): number | undefined {
  const [, cause] = chain.at(-1)?.details.find(([name]) => name === 'cause') ?? [];
  return cause === undefined ? undefined : Number(cause);
}

/** What the units along the way say of each other, as it is now. */
async function relationsOf(invocation: Invocation, chain: readonly EventRecord[]): Promise<Relations> {
  const story = chain.slice(0, originOf(chain) + 1);
  const labels = [...new Set(story.map(({ label }) => label))].filter((label) => label !== '');
  if (labels.length < 2) return new Map();
  const answers = await consult(
    invocation,
    labels.map((label) => ({ fields: ['Status', label] })),
    true,
  );
  if (!answers.ok) return new Map();
  return new Map(
    labels.map((label, index) => {
      const facts = recordsOf(answers.value[index], 'Field');
      const said = RELATIONS.map(
        (name) => [name, facts.find(([own]) => own === name)?.slice(1) ?? []] as const,
      );
      return [label, Object.fromEntries(said)];
    }),
  );
}

/** What there is to tell. */
interface Story {
  readonly label: string;
  readonly state: string | undefined;
  readonly sentence: string | undefined;
  readonly waits: string | undefined;
  readonly chain: readonly EventRecord[];
}

function whyText({ label, state, sentence, waits, chain }: Story, columns: number | undefined): string {
  if (sentence === undefined)
    return `${printable(label)} is ${state ?? 'not there'}: nothing is kept of it, so it was not started, or longer ago than events are kept.\n`;
  const shown = chain.slice(0, originOf(chain) + 1 + SHOWN_BEFORE);
  const rows = shown.map((event) => [
    localTime(formatTime(event.timeNs)),
    String(event.sequence),
    printable(event.label),
    printable(whatOf(event)),
  ]);
  const left = chain.length - shown.length;
  const lost = lostCause(chain);
  const more = left > 0 ? `and ${left} more before that (--json shows all)\n` : '';
  const end = lost === undefined ? '' : `What came before, event ${lost}, is not kept any more.\n`;
  const head = waits === undefined ? printable(sentence) : `${printable(sentence)}\n${printable(waits)}`;
  return `${head}\n\n${renderTable(COLUMNS, rows, columns)}${more}${end}`;
}

function whatOf(event: EventRecord): string {
  const asked = askedBy(event);
  const isOrder = asked !== undefined && !event.details.some(([name]) => name === 'cause');
  return `${phraseOf(event)}${isOrder ? ` (${asked})` : ''}`;
}
