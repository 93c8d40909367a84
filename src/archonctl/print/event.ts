import type { EventRecord } from '../../base/event-record.ts';
import { formatTime } from '../../base/time.ts';
import { textOf } from '../../protocol/bytes.ts';
import { printable } from './printable.ts';
import { localTime } from './time.ts';

/** The columns of events as a table. */
export const EVENT_FIELDS = ['sequence', 'time', 'label', 'kind', 'details'] as const;

/** An event for people, on a line of its own. */
export function eventLine(event: EventRecord): string {
  const details = event.details.map(([name, value]) => ` ${name}=${value}`).join('');
  const what = printable(`${event.label} ${event.kind}${details}`);
  return `${event.sequence} ${localTime(formatTime(event.timeNs))} ${what}\n`;
}

/** An event for programs. */
export function eventJson(event: EventRecord): object {
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

/** An event as a row of a table. */
export function eventRow(event: EventRecord): Record<(typeof EVENT_FIELDS)[number], string> {
  const details = event.details.map(([name, value]) => textOf(`${name}=${value}`)).join(' ');
  const { sequence, label, kind } = event;
  return { sequence: String(sequence), time: formatTime(event.timeNs), label, kind, details };
}
