import { Monitor } from '../monitor/monitor.ts';
import type { Sys } from '../sys/sys.ts';
import { livePid } from './outcome.ts';
import type { Supervisor } from './supervisor.ts';
import type { UnitRecord } from './unit-record.ts';

export type { Usage } from '../monitor/usage.ts';

/** What units use, by their records. */
export type UsageMonitor = Monitor<UnitRecord>;

/** The monitor of the supervisor's units. */
export function usageMonitor(sys: Sys, { records }: Supervisor): UsageMonitor {
  return new Monitor(sys, {
    all: () => records.values(),
    targetOf: (record) => {
      const pid = livePid(record);
      if (pid === undefined) return undefined;
      if (record.watched !== undefined) return { pid };
      return record.ref === undefined ? undefined : { ref: record.ref };
    },
  });
}

/** A share of the processor as records write it: percent with one digit of fraction. */
export function formatPercent(percent: number): string {
  return percent.toFixed(1);
}

/** A number as records write it; what is not known is empty. */
export function formatKnown(number: number | undefined): string {
  return number === undefined ? '' : String(number);
}
