import { formatDuration } from '../../base/duration.ts';
import { formatSize } from '../../base/size.ts';
import { sparkline } from '../draw/spark.ts';
import { printable } from '../print/printable.ts';
import { exitOf } from '../print/unit.ts';
import { TREND_LENGTH } from './rates.ts';
import type { TopRow } from './row.ts';
import type { SortKey } from './sort.ts';

/** What a cell has to know beside its row. */
export interface CellLook {
  readonly nowMs: number;
  readonly isUtf8: boolean;
}

/** A column of `top`. Its width does not depend on what is in it, so that nothing moves about; only labels take what is left. */
export interface TopColumn {
  readonly name: string;
  readonly title: string;
  readonly width: number;
  /** Numbers stand at the right. */
  readonly isNumber: boolean;
  /** The order that its title is marked in. */
  readonly sort?: SortKey;
  readonly cell: (row: TopRow, look: CellLook) => string;
}

const size = (bytes: number | undefined): string =>
  bytes === undefined ? '' : formatSize(Math.round(bytes));
const count = (number: number | undefined): string => (number === undefined ? '' : String(number));
const percent = (share: number | undefined): string => share?.toFixed(1) ?? '';

/** A share of the processor below this is drawn low in any case: an idle unit's must not look busy. */
const LEAST_TREND = 5;

const number = (
  name: string,
  title: string,
  width: number,
  sort: SortKey,
  cell: TopColumn['cell'],
): TopColumn => ({
  name,
  title,
  width,
  isNumber: true,
  sort,
  cell,
});

/** All of them, in the order in which they stand. */
export const COLUMNS: readonly TopColumn[] = [
  {
    name: 'label',
    title: 'LABEL',
    width: 12,
    isNumber: false,
    sort: 'label',
    cell: ({ label }) => printable(label),
  },
  {
    name: 'state',
    title: 'STATE',
    width: 8,
    isNumber: false,
    sort: 'state',
    cell: ({ state }) => printable(state),
  },
  number('pid', 'PID', 7, 'pid', ({ pid }) => count(pid)),
  number('cpu', 'CPU%', 6, 'cpu', ({ cpu }) => percent(cpu)),
  {
    name: 'trend',
    title: 'TREND',
    width: TREND_LENGTH,
    isNumber: true,
    cell: ({ trend = [] }, { isUtf8 }) => sparkline(trend, Math.max(LEAST_TREND, ...trend), isUtf8),
  },
  number('cpuPeak', 'MAX%', 6, 'cpu-peak', ({ cpuPeak }) => percent(cpuPeak)),
  number('memory', 'MEMORY', 7, 'memory', ({ memory }) => size(memory)),
  number('memoryPeak', 'MAXMEM', 7, 'memory-peak', ({ memoryPeak }) => size(memoryPeak)),
  number('descriptors', 'FDS', 5, 'descriptors', ({ descriptors }) => count(descriptors)),
  number('threads', 'THR', 4, 'threads', ({ threads }) => count(threads)),
  number('processes', 'PROC', 5, 'processes', ({ processes }) => count(processes)),
  number('readRate', 'READ/S', 7, 'read', ({ readRate }) => size(readRate)),
  number('writeRate', 'WRITE/S', 8, 'written', ({ writeRate }) => size(writeRate)),
  number('read', 'READ', 7, 'read', ({ read }) => size(read)),
  number('written', 'WRITTEN', 8, 'written', ({ written }) => size(written)),
  number('restarts', 'RESTARTS', 9, 'restarts', ({ restarts }) => (restarts === 0 ? '' : count(restarts))),
  number('age', 'AGE', 8, 'age', ({ since }, { nowMs }) =>
    since === undefined ? '' : formatDuration(Math.max(0, nowMs - since * 1000)),
  ),
  {
    name: 'lastExit',
    title: 'LAST EXIT',
    width: 10,
    isNumber: false,
    cell: ({ lastExit }) => exitOf(lastExit),
  },
];

/** Which are shown first where there is not room for all; what is told apart by time has no place in a single look. */
const IMPORTANCE = {
  live: 'label state cpu memory age restarts descriptors threads pid readRate writeRate trend processes lastExit cpuPeak memoryPeak',
  once: 'label state cpu memory age restarts descriptors threads pid read written processes lastExit cpuPeak memoryPeak',
} as const;

/** A table that is drawn again and again, or a single look. */
export type TableKind = keyof typeof IMPORTANCE;

/** Columns of that table in the order of their importance. */
export function byImportance(table: TableKind): readonly TopColumn[] {
  return IMPORTANCE[table].split(' ').flatMap((name) => COLUMNS.find((column) => column.name === name) ?? []);
}
