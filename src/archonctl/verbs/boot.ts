import { formatDuration } from '../../base/duration.ts';
import { consult, recordsOf, settle } from '../consult.ts';
import { timeChart } from '../draw/bars.ts';
import { savePicture } from '../draw/save.ts';
import { COLOURS } from '../draw/svg.ts';
import { printCsv, printJson } from '../print/document.ts';
import { printable } from '../print/printable.ts';
import { renderTable, type Column } from '../print/table.ts';
import { localTime } from '../print/time.ts';
import { between, byTime, chartRows, extentOf, readSpan, type BootSpan } from '../story/spans.ts';
import { defineVerb, EXIT } from '../verb.ts';

const COLUMNS: readonly Column[] = [
  { title: 'UNIT', isLong: true },
  { title: 'BEGAN', isNumber: true },
  { title: 'WAITED', isNumber: true },
  { title: 'TOOK', isNumber: true },
  { title: 'READY', isNumber: true },
  { title: 'CRITICAL' },
];
const FIELDS = ['label', 'start', 'up', 'ready', 'critical'] as const;
const MS_A_SECOND = 1000;

/** `archonctl boot`. */
export const boot = defineVerb({
  name: 'boot',
  operands: [],
  order: 'options-anywhere',
  options: { svg: { value: 'FILE', help: 'draw it into this file' } },
  description:
    'Tells how the units came up when the supervisor was last started: how long each waited for others, and how long it took ' +
    'itself. What is critical held up the last one.',
  examples: [
    ['boot', 'a line for each unit'],
    ['boot --svg boot.svg', 'as a picture'],
  ],
  async run(invocation) {
    const { given, globals, screen } = invocation;
    const answers = await consult(invocation, [{ fields: ['Boot'] }], true);
    if (!answers.ok) return answers.error;
    const [answer] = answers.value;
    if (answer?.closing.kind !== 'ok') return settle(invocation, answers.value);
    const spans = recordsOf(answer, 'Span').map(readSpan).sort(byTime);
    const { began, ended } = extentOf(spans);
    const summary = `${spans.length} units in ${formatDuration((ended - began) * MS_A_SECOND)}`;
    if (given.svg !== undefined) {
      const legend = [
        { fill: COLOURS.wait, says: 'waits for others' },
        { fill: COLOURS.ready, says: 'comes up' },
        { fill: COLOURS.stop, says: 'has not come up' },
        { fill: COLOURS.critical, says: 'critical: what held up the last one' },
      ];
      const title = `Start of ${secondOf(began)}: ${summary}`;
      const drawn = timeChart({ title, legend, counts: 'units that came up, and when' }, chartRows(spans));
      if (!savePicture(screen, given.svg, drawn)) return EXIT.failed;
    }
    if (globals.format === 'json') printJson(screen, { began, seconds: ended - began, spans });
    else if (globals.format === 'csv') await printCsv(screen, FIELDS, spans.map(csvRow));
    else if (given.svg === undefined) screen.out(bootText(spans, summary, screen.columns()));
    return EXIT.done;
  },
});

function csvRow({ label, start, up, ready, critical }: BootSpan): Record<(typeof FIELDS)[number], string> {
  return {
    label,
    start: String(start),
    up: up === null ? '' : String(up),
    ready: ready === null ? '' : String(ready),
    critical: critical ? '1' : '0',
  };
}

/** An instant (Unix seconds) as local date and time, to the second. */
function secondOf(at: number): string {
  return localTime(String(Math.floor(at))).replace(/\.\d+$/, '');
}

function bootText(spans: readonly BootSpan[], summary: string, columns: number | undefined): string {
  if (spans.length === 0) return 'the last start started nothing\n';
  const { began } = extentOf(spans);
  const shown = (ms: number | undefined, sign = ''): string =>
    ms === undefined ? '-' : `${sign}${formatDuration(ms)}`;
  const rows = spans.map(({ label, start, up, ready, critical }) => [
    printable(label),
    shown(between(began, start), '+'),
    shown(between(start, up)),
    shown(between(up, ready)),
    shown(between(began, ready), '+'),
    critical ? '*' : '',
  ]);
  const slow = spans
    .filter(({ critical }) => critical)
    .sort((one, other) => (one.ready ?? 0) - (other.ready ?? 0));
  const way = slow
    .map(({ label, up, ready }) => `${printable(label)} (${shown(between(up, ready))})`)
    .join(', then ');
  const when = `started at ${secondOf(began)}`;
  return `${renderTable(COLUMNS, rows, columns)}\n${summary}, ${when}. What held up the last one: ${way === '' ? 'nothing' : way}.\n`;
}
