import type { EventQuery } from '../../journal/cursor.ts';
import type { Target } from '../../protocol/kinds.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { matches } from '../requests/targets.ts';
import { goneFault } from './position.ts';

/** What is wanted of the past. */
export type PastQuery = Omit<EventQuery, 'label'> & { readonly target: Target | undefined };

/** `all`: so many events, `upTo` this number; `over`: the call has ended, or was closed because something is missing. */
export type Sent =
  { readonly kind: 'all'; readonly count: number; readonly upTo: number } | { readonly kind: 'over' };

/**
 * Sends the events that a query asks for, piece by piece: others have their turn between two, and nothing is
 * read for who does not read. With `atOnce` it is done before anybody else does anything.
 *
 * Where events after a position are missing the call is closed: whoever goes on from there relies on having all.
 */
export async function sendEvents(
  house: House,
  { target, ...query }: PastQuery,
  call: Call,
  atOnce = false,
): Promise<Sent> {
  const { journal } = house.chronicle;
  const label = target === undefined ? {} : { label: (name: string) => matches(target, name) };
  const cursor = journal.events({ ...query, ...label });
  const upTo = journal.lastSequence;
  let count = 0;
  for (;;) {
    const slice = cursor.next();
    if (slice.isGap && query.after !== undefined) {
      call.fail(goneFault(journal));
      return { kind: 'over' };
    }
    for (const event of slice.events) call.event(event);
    count += slice.events.length;
    if (call.isClosed) return { kind: 'over' };
    if (slice.isLast) return { kind: 'all', count, upTo };
    if (atOnce) continue;
    await house.turn();
    await call.untilWritable();
  }
}
