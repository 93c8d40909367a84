import { failure, type Failure } from '../../base/failure.ts';
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
  const refused = namedAmong(targets, selected.value)
    .map(refusalOf)
    .find((found) => found !== undefined);
  if (refused !== undefined) {
    call.fail(refused);
    return;
  }
  const forgotten = selected.value.filter((record) => refusalOf(record) === undefined);
  for (const record of forgotten) {
    house.chronicle.append(record.label, 'note', [['what', 'forgotten']], call.cause);
    house.supervisor.remove(record);
  }
  house.chronicle.flush();
  call.ok(String(forgotten.length));
}

function refusalOf(record: UnitRecord): Failure | undefined {
  const { label, configured, watched, shownState } = record;
  if (configured !== undefined)
    return failure('conflict', `${label} is a unit of the configuration, which is not forgotten`);
  if (watched !== undefined || isDown(record)) return undefined;
  return failure('busy', `${label} is ${shownState}; stop it first`);
}
