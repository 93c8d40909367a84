import type { TopRow } from './row.ts';

/** So many shares of the processor are kept of each unit. */
export const TREND_LENGTH = 10;

interface Known {
  readonly row: TopRow;
  readonly trend: readonly number[];
}

/** Remembers what was seen of units, and tells from that how fast they read and write, and how busy they have been. */
export class Rates {
  #known = new Map<string, Known>();

  /** The rows with what their predecessors add. What is looked at less often than it is asked for keeps its rate meanwhile. */
  after(rows: readonly TopRow[]): readonly TopRow[] {
    const known = new Map<string, Known>();
    const told = rows.map((row) => {
      const before = this.#known.get(row.label);
      const trend = row.cpu === undefined ? [] : [...(before?.trend ?? []), row.cpu].slice(-TREND_LENGTH);
      const isNew = row.at === undefined || row.at !== before?.row.at;
      const readRate = isNew ? rateOf(before?.row, row, 'read') : before.row.readRate;
      const writeRate = isNew ? rateOf(before?.row, row, 'written') : before.row.writeRate;
      const now: TopRow = { ...row, readRate, writeRate, trend };
      known.set(row.label, { row: now, trend });
      return now;
    });
    this.#known = known;
    return told;
  }
}

/** Bytes a second between two looks; unknown where another process has begun meanwhile, since it counts anew. */
function rateOf(before: TopRow | undefined, now: TopRow, what: 'read' | 'written'): number | undefined {
  const [from, to] = [before?.[what], now[what]];
  if (before?.at === undefined || now.at === undefined || from === undefined || to === undefined)
    return undefined;
  if (before.pid !== now.pid || to < from || now.at <= before.at) return undefined;
  return (to - from) / (now.at - before.at);
}
