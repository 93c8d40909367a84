import { printCsv, printJson } from '../print/document.ts';
import { isUtf8 } from '../print/locale.ts';
import type { Invocation } from '../verb.ts';
import { wholeTable } from './frame.ts';
import type { TopRow } from './row.ts';
import type { SortKey } from './sort.ts';
import { totalsOf } from './totals.ts';

/** The columns of `top --csv`. */
const FIELDS = [
  'time',
  'label',
  'state',
  'pid',
  'since',
  'restarts',
  'last_exit',
  'cpu',
  'memory',
  'descriptors',
  'threads',
  'processes',
  'read',
  'written',
  'cpu_peak',
  'memory_peak',
] as const;

/** Prints what there is at one instant, in the format that was asked for. `isFirst`: a stream of CSV has one header. */
export async function printOnce(
  { globals, screen, caller }: Invocation,
  rows: readonly TopRow[],
  sort: SortKey,
  isFirst: boolean,
): Promise<void> {
  const nowMs = Date.now();
  if (globals.format === 'json') {
    printJson(screen, { time: nowMs / 1000, totals: totalsJson(rows), units: rows.map(rowJson) });
  } else if (globals.format === 'csv') {
    const cells = rows.map((row) => csvRow(row, nowMs));
    await printCsv(screen, FIELDS, cells, isFirst);
  } else {
    const look = {
      columns: screen.columns() ?? Infinity,
      rows: Infinity,
      isColoured: screen.isColoured(),
      isUtf8: isUtf8(caller.env),
    };
    const scene = { title: '', clock: '', nowMs, all: rows, rows, trouble: undefined };
    screen.out(`${isFirst ? '' : '\n'}${wholeTable(scene, 'once', sort, look)}`);
  }
}

function totalsJson(rows: readonly TopRow[]): object {
  const { units, states, cpu, memory, descriptors, threads, processes, read, written } = totalsOf(rows);
  return {
    units,
    states,
    cpuPercent: Math.round(cpu * 10) / 10,
    memoryBytes: memory,
    descriptors,
    threads,
    processes,
    readBytes: read,
    writtenBytes: written,
  };
}

function rowJson(row: TopRow): object {
  return {
    label: row.label,
    state: row.state,
    pid: row.pid ?? null,
    since: row.since ?? null,
    restarts: row.restarts ?? null,
    lastExit: row.lastExit === '' ? null : row.lastExit,
    cpuPercent: row.cpu ?? null,
    memoryBytes: row.memory ?? null,
    descriptors: row.descriptors ?? null,
    threads: row.threads ?? null,
    processes: row.processes ?? null,
    readBytes: row.read ?? null,
    writtenBytes: row.written ?? null,
    cpuPeakPercent: row.cpuPeak ?? null,
    memoryPeakBytes: row.memoryPeak ?? null,
  };
}

function csvRow(row: TopRow, nowMs: number): Record<(typeof FIELDS)[number], string> {
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
  return {
    time: String(nowMs / 1000),
    label: row.label,
    state: row.state,
    pid: text(row.pid),
    since: text(row.since),
    restarts: text(row.restarts),
    last_exit: row.lastExit,
    cpu: text(row.cpu),
    memory: text(row.memory),
    descriptors: text(row.descriptors),
    threads: text(row.threads),
    processes: text(row.processes),
    read: text(row.read),
    written: text(row.written),
    cpu_peak: text(row.cpuPeak),
    memory_peak: text(row.memoryPeak),
  };
}
