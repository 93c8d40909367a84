import type { EventRecord } from '../../base/event-record.ts';
import { formatTime } from '../../base/time.ts';
import { paintState } from '../print/colour.ts';
import { printable } from '../print/printable.ts';
import { renderTable, type Column } from '../print/table.ts';
import { localTime } from '../print/time.ts';
import { askedBy, phraseOf } from './phrase.ts';

const COLUMNS: readonly Column[] = [
  { title: 'EVENT', isNumber: true },
  { title: 'TIME' },
  { title: 'UNIT', isLong: true },
  { title: 'KIND' },
  { title: 'WHAT', isLong: true },
  { title: 'BECAUSE OF', isLong: true },
];
const KIND_COLUMN = 3;

/** An end is as bad as what comes of it is; a kind without a colour is as it is. */
const COLOURED_AS: Readonly<Record<string, string>> = {
  exited: 'stopping',
  adopted: 'starting',
  lost: 'failed',
};

/** Events as a table for people, in words, each with the event or the request that led to it. */
export function eventTable(
  events: readonly EventRecord[],
  look: { readonly columns: number | undefined; readonly isColoured: boolean },
): string {
  const cells = events.map((event) => [
    String(event.sequence),
    localTime(formatTime(event.timeNs)),
    printable(event.label),
    printable(event.kind),
    printable(phraseOf(event)),
    printable(leadingTo(event)),
  ]);
  return renderTable(COLUMNS, cells, look.columns, (cell, column, row) => {
    const kind = events[row]?.kind ?? '';
    return column === KIND_COLUMN ? paintState(COLOURED_AS[kind] ?? kind, cell, look.isColoured) : cell;
  });
}

/** The event before it, which says more than the request that both follow from. */
function leadingTo(event: EventRecord): string {
  const cause = event.details.find(([name]) => name === 'cause')?.[1];
  return cause === undefined ? (askedBy(event) ?? '') : `event ${cause}`;
}
