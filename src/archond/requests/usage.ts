import { formatTime } from '../../base/time.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';
import { formatKnown, formatPercent, type Usage } from '../usage.ts';
import { unitsAsked } from './unit-fields.ts';

/** `Usage`: a record for each unit that has a process, sorted by label. */
export function usage(house: House, request: RequestOf<'Usage'>, call: Call): void {
  const { target } = request.args;
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
  let count = 0;
  for (const record of records) {
    const used = usages.get(record);
    /* Some may be no more by now. */
    if (used === undefined || house.supervisor.records.get(record.label) !== record) continue;
    call.data('Usage', record.label, ...usageFields(used));
    count += 1;
  }
  call.ok(String(count));
}

function usageFields(used: Usage): string[] {
  return [
    formatTime(used.atNs),
    formatPercent(used.cpuPercent),
    String(used.memoryBytes),
    formatKnown(used.descriptors),
    String(used.threads),
    String(used.processes),
    formatKnown(used.readBytes),
    formatKnown(used.writtenBytes),
    formatPercent(used.cpuPeakPercent),
    String(used.memoryPeakBytes),
  ];
}
