import type { EventRecord } from '../../base/event-record.ts';
import { eventFields } from '../../protocol/event.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import { isOfState } from '../events/of-state.ts';
import type { House } from '../house.ts';
import { noSuchUnit } from './targets.ts';

/**
 * `Why`: the newest event that tells where the unit has come to, then what led to that, and so on, back to what nobody is
 * known to have caused, or to what is not kept any more: then the last one names a `cause` that does not follow.
 */
export function why(house: House, request: RequestOf<'Why'>, call: Call): void {
  sendChain(house, request.args.label, call).catch((error: unknown) => {
    house.broke(error, call);
  });
}

/** Others have their turn between two pieces of the journal, and nothing is read for who does not read. */
async function sendChain(house: House, label: string, call: Call): Promise<void> {
  const { supervisor, chronicle } = house;
  const from = supervisor.records.get(label)?.unit.cause.event;
  const chain = chronicle.journal.chain({ label, from, isFirst: tellsState, before: causeOf });
  let depth = 0;
  for (;;) {
    const slice = chain.next();
    for (const event of slice.events) {
      call.data('Cause', String(depth), ...eventFields(event));
      depth += 1;
    }
    if (call.isClosed) return;
    if (slice.isLast) break;
    await house.turn();
    await call.untilWritable();
  }
  /* What there is no more may have left events. */
  if (depth === 0 && !supervisor.records.has(label)) call.fail(noSuchUnit(house, label));
  else call.ok(String(depth));
}

/** Of a generation beside the unit's own only that it takes the place of that one says where the unit is. */
function tellsState({ kind, details }: EventRecord): boolean {
  const isBeside = details.some(([name]) => name === 'replaces' || name === 'replaced-by');
  return isOfState(kind) && (!isBeside || kind === 'running');
}

function causeOf({ details }: EventRecord): number | undefined {
  const [, cause] = details.find(([name]) => name === 'cause') ?? [];
  return cause === undefined ? undefined : Number(cause);
}
