import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { isDown } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { namedAmong, select } from './targets.ts';

/** `Forget`: ends the records of units that are down, and watches. A glob passes over what is up, or of the configuration. */
export function forget(house: House, request: RequestOf<'Forget'>, call: Call): void {
  const { targets } = request.args;
  const selected = select(house, targets, call.client);
  if (!selected.ok) {
    call.fail(selected.error);
    return;
  }
  const isForgettable = (record: UnitRecord): boolean =>
    record.configured === undefined && (isDown(record) || record.watched !== undefined);
  const lasting = namedAmong(targets, selected.value).find(({ configured }) => configured !== undefined);
  if (lasting !== undefined) {
    call.fail(failure('conflict', `${lasting.label} is a unit of the configuration, which is not forgotten`));
    return;
  }
  const up = namedAmong(targets, selected.value).find((record) => !isForgettable(record));
  if (up !== undefined) {
    call.fail(failure('busy', `${up.label} is ${up.shownState}; stop it first`));
    return;
  }
  const forgotten = selected.value.filter(isForgettable);
  for (const record of forgotten) house.supervisor.remove(record);
  call.ok(String(forgotten.length));
}
