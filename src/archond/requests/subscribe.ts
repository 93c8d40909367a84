import type { Target } from '../../protocol/kinds.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import { sendEvents } from '../events/past.ts';
import { positionFault, positionOf } from '../events/position.ts';
import type { House } from '../house.ts';
import { unitFields, unitsIn } from './unit-fields.ts';

/** So few events are sent without giving others a turn: then nothing can happen between the last of them and the live ones. */
const AT_ONCE = 256;

/** `Subscribe`: what is, or has been since a position; then all that comes. A label or glob need not name a unit that is. */
export function subscribe(house: House, request: RequestOf<'Subscribe'>, call: Call): void {
  const { target } = request.args;
  const { after, snapshot } = request.options;
  const { journal } = house.chronicle;
  /* What is written now is in the past that the position speaks of. */
  house.chronicle.flush();
  if (after === undefined) {
    if (snapshot === true)
      for (const record of unitsIn(house, target)) call.data('Unit', ...unitFields(record));
    goLive(house, target, call);
    return;
  }
  const fault = positionFault(journal, after);
  if (fault !== undefined) {
    call.fail(fault);
    return;
  }
  catchUp(house, target, after.sequence, call).catch((error: unknown) => {
    house.broke(error, call);
  });
}

/** Sends the past, which grows meanwhile, until nothing of it is left. */
async function catchUp(house: House, target: Target | undefined, after: number, call: Call): Promise<void> {
  const { journal } = house.chronicle;
  let reached = after;
  do {
    const isNear = journal.lastSequence - reached <= AT_ONCE;
    const sent = await sendEvents(house, { target, after: reached }, call, isNear);
    if (sent.kind !== 'all') return;
    reached = sent.upTo;
  } while (reached < journal.lastSequence);
  goLive(house, target, call);
}

function goLive(house: House, target: Target | undefined, call: Call): void {
  if (call.open(positionOf(house.chronicle.journal))) house.events.join(call, target);
}
