import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { formatKnown, formatPercent } from '../usage.ts';
import { noSuchUnit } from './targets.ts';

const SECOND_NS = 1_000_000_000n;

/** `History`: a record for each sample of what the unit used, oldest first. */
export function history(house: House, request: RequestOf<'History'>, call: Call): void {
  const { label } = request.args;
  const { since = 0n } = request.options;
  const record = house.supervisor.records.get(label);
  if (record === undefined) {
    call.fail(noSuchUnit(house, label));
    return;
  }
  /* Samples are of whole seconds: what began within one is not since it. */
  const samples = house.usage.history(record, Number((since + SECOND_NS - 1n) / SECOND_NS));
  for (const sample of samples)
    call.data(
      'Sample',
      String(sample.atS),
      formatPercent(sample.cpuPercent),
      String(sample.memoryBytes),
      formatKnown(sample.descriptors),
      String(sample.threads),
      formatKnown(sample.readBytes),
      formatKnown(sample.writtenBytes),
    );
  call.ok(String(samples.length));
}
