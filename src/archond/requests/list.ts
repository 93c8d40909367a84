import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';
import { listAt } from './list-at.ts';
import { unitFields, unitsAsked } from './unit-fields.ts';

/** `List`: a record for each unit, sorted by label. */
export function list(house: House, request: RequestOf<'List'>, call: Call): void {
  const { target } = request.args;
  const { at } = request.options;
  if (at !== undefined) {
    listAt(house, target, at, call).catch((error: unknown) => {
      house.broke(error, call);
    });
    return;
  }
  const units = unitsAsked(house, target);
  if (!units.ok) {
    call.fail(units.error);
    return;
  }
  send(house, units.value, call).catch((error: unknown) => {
    house.broke(error, call);
  });
}

async function send(house: House, records: readonly UnitRecord[], call: Call): Promise<void> {
  const usages = await house.usage.readAll(records);
  /* Some may be no more by now. */
  const present = records.filter((record) => house.supervisor.records.get(record.label) === record);
  for (const record of present) call.data('Unit', ...unitFields(record, usages.get(record)));
  call.ok(String(present.length));
}
