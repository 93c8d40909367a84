import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';

/** `Cancel`: ends another request of the same connection; a stream has what has happened by then. */
export function cancel(house: House, request: RequestOf<'Cancel'>, call: Call): void {
  const { tag } = request.args;
  const cancelled = call.client.callOf(tag);
  if (cancelled === undefined || cancelled === call) {
    call.fail(failure('not-found', `no request in flight has the tag ${tag}`));
    return;
  }
  cancelled.whenOver(() => {
    call.ok();
  });
  house.events.tell();
  cancelled.cancel(call.cause);
}
