import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { EventCursor } from '../../journal/cursor.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { matches } from './targets.ts';

/** `Events`: what has happened so far, oldest first. A label or glob need not name a unit that still is. */
export function events(house: House, request: RequestOf<'Events'>, call: Call): void {
  const { target } = request.args;
  const { after, since, until, kind, last } = request.options;
  const { journal } = house.chronicle;
  if (after !== undefined) {
    const first = journal.firstKept();
    const isOther = after.journal !== undefined && after.journal !== journal.journalId;
    if (isOther || after.sequence < first - 1) {
      const message = isOther
        ? 'that position is of another journal'
        : 'events after that position are not kept any more';
      call.fail(failure('not-found', message, [`${journal.journalId}:${first}`]));
      return;
    }
  }
  const cursor = journal.events({
    ...(target === undefined ? {} : { label: (label) => matches(target, label) }),
    ...(after === undefined ? {} : { after: after.sequence }),
    ...(since === undefined ? {} : { sinceNs: since }),
    ...(until === undefined ? {} : { untilNs: until }),
    ...(kind === undefined ? {} : { kind }),
    ...(last === undefined ? {} : { last }),
  });
  send(house, cursor, call).catch((error: unknown) => {
    house.log.error('events could not be sent', { error: String(error) });
    call.fail(failure('internal'));
  });
}

/** Piece by piece: others have their turn between two, and nothing is read for who does not read. */
async function send(house: House, cursor: EventCursor, call: Call): Promise<void> {
  let count = 0;
  for (;;) {
    const slice = cursor.next();
    for (const event of slice.events) call.event(event);
    count += slice.events.length;
    if (slice.isLast || call.isClosed) break;
    await house.turn();
    await call.untilWritable();
  }
  call.ok(String(count));
}
