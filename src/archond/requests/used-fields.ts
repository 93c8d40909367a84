import { usageDetails } from '../told-details.ts';
import type { UnitRecord } from '../unit-record.ts';
import { formatKnown, formatPercent, type Usage } from '../usage.ts';

type UsedFields = readonly (readonly [name: string, value: string | undefined])[];

/** The fields of `Status` that tell what a unit uses, and what its last process that ended had used in its life. */
export function usedFields(record: UnitRecord, usage: Usage | undefined): UsedFields {
  return [...(usage === undefined ? [] : presentFields(usage)), ...lifeFields(record)];
}

function presentFields(usage: Usage): UsedFields {
  return [
    ['cpu', formatPercent(usage.cpuPercent)],
    ['cpu-peak', formatPercent(usage.cpuPeakPercent)],
    ['memory', String(usage.memoryBytes)],
    ['memory-peak', String(usage.memoryPeakBytes)],
    ['processes', String(usage.processes)],
    ['threads', String(usage.threads)],
    ['descriptors', known(usage.descriptors)],
    ['read', known(usage.readBytes)],
    ['written', known(usage.writtenBytes)],
  ];
}

function known(number: number | undefined): string | undefined {
  return number === undefined ? undefined : formatKnown(number);
}

/** In the words of the event of its end: seconds of processor, bytes of memory. */
function lifeFields({ usage, unit }: UnitRecord): UsedFields {
  const { lastEnd } = unit;
  if (usage === undefined || lastEnd === undefined || lastEnd.kind === 'not-executed') return [];
  return usageDetails(usage).map(([name, value]) => [`exit-${name}`, value]);
}
