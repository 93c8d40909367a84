import type { TopRow } from '../../../src/archonctl/top/row.ts';

/** A unit that runs, with something of everything. */
export function row(label: string, more: Partial<TopRow> = {}): TopRow {
  return {
    label,
    state: 'running',
    pid: 100,
    since: 1000,
    restarts: 0,
    lastExit: '',
    at: 2000,
    cpu: 1,
    memory: 1_048_576,
    descriptors: 4,
    threads: 1,
    processes: 1,
    read: 0,
    written: 0,
    cpuPeak: 2,
    memoryPeak: 2_097_152,
    ...more,
  };
}

/** A unit that has no process. */
export function downRow(label: string, state: string): TopRow {
  const nothing = undefined;
  return row(label, {
    state,
    pid: nothing,
    at: nothing,
    cpu: nothing,
    memory: nothing,
    descriptors: nothing,
    threads: nothing,
    processes: nothing,
    read: nothing,
    written: nothing,
    cpuPeak: nothing,
    memoryPeak: nothing,
  });
}
