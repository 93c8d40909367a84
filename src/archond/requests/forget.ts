import { failure, type Failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { isDown } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { chosen } from './targets.ts';

/** `Forget`: ends the records of units that are down, and watches. A glob passes over what is up, or of the configuration. */
export function forget(house: House, request: RequestOf<'Forget'>, call: Call): void {
  const forgotten = chosen(house, request.args.targets, call.client, refusalOf);
  if (!forgotten.ok) {
    call.fail(forgotten.error);
    return;
  }
  for (const record of forgotten.value) {
    house.chronicle.append(record.label, 'note', [['what', 'forgotten']], call.cause);
    house.supervisor.remove(record);
  }
  house.chronicle.flush();
  call.ok(String(forgotten.value.length));
}

function refusalOf(record: UnitRecord): Failure | undefined {
  const { label, configured, watched, shownState } = record;
  if (configured !== undefined)
    return failure('conflict', `${label} is a unit of the configuration, which is not forgotten`);
  if (watched !== undefined || isDown(record)) return undefined;
  return failure('busy', `${label} is ${shownState}; stop it first`);
}
