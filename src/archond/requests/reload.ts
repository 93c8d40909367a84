import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';

/**
 * `Reload`: a `Change` record for each unit, and one without a label where something beside the units has changed. Answered when
 * the configuration is in force and its orders are given; with `@check=1` it is only said what that would be.
 */
export function reload(house: House, { options }: RequestOf<'Reload'>, call: Call): void {
  house.reload.order({
    isCheck: options.check === true,
    confirmMs: options.confirm,
    cause: call.cause,
    /* Who has gone away has ordered it all the same. */
    isDropped: () => call.isClosed && !call.client.isGone,
    done: (outcome) => {
      if (!outcome.ok) {
        call.fail(outcome.error);
        return;
      }
      const { prospects, difference } = outcome.value;
      for (const { change, text } of prospects) call.data('Change', change.label, change.kind, text);
      const { heads } = difference;
      if (heads.length > 0)
        call.data('Change', '', 'changed', fieldOfText(`taken over: ${heads.join(', ')}`));
      call.ok(String(prospects.length + (heads.length > 0 ? 1 : 0)));
    },
  });
}

/** `Confirm`: what a reload on trial has changed stays; a `Change` record for each unit that it is about. */
export function confirm(house: House, _request: RequestOf<'Confirm'>, call: Call): void {
  const confirmed = house.reload.confirm(call.cause);
  if (!confirmed.ok) {
    call.fail(confirmed.error);
    return;
  }
  for (const { label, kind } of confirmed.value) call.data('Change', label, kind, 'confirmed');
  call.ok(String(confirmed.value.length));
}
