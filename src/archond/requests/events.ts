import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import { sendEvents } from '../events/past.ts';
import { positionFault } from '../events/position.ts';
import type { House } from '../house.ts';

/** `Events`: what has happened so far, oldest first. A label or glob need not name a unit that still is. */
export function events(house: House, request: RequestOf<'Events'>, call: Call): void {
  const { target } = request.args;
  const { after, since, until, kind, last } = request.options;
  const fault = after === undefined ? undefined : positionFault(house.chronicle.journal, after);
  if (fault !== undefined) {
    call.fail(fault);
    return;
  }
  const query = {
    target,
    ...(after === undefined ? {} : { after: after.sequence }),
    ...(since === undefined ? {} : { sinceNs: since }),
    ...(until === undefined ? {} : { untilNs: until }),
    ...(kind === undefined ? {} : { kind }),
    ...(last === undefined ? {} : { last }),
  };
  sendEvents(house, query, call)
    .then((sent) => {
      if (sent.kind === 'all') call.ok(String(sent.count));
    })
    .catch((error: unknown) => {
      house.broke(error, call);
    });
}
