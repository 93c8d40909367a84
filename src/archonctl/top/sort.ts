import { refuse, type Failure } from '../../base/failure.ts';
import { nearest } from '../../base/nearest.ts';
import { ok, type Result } from '../../base/result.ts';
import { listing, show } from '../../base/show.ts';
import type { TopRow } from './row.ts';

/** What a unit is put in order by: numbers the largest first, texts from A on, states by how much they ask for attention. */
type Rank = (row: TopRow) => number | string | undefined;

/** The states that somebody should look at come first. */
const ATTENTION: readonly string[] = [
  'failed',
  'backoff',
  'stopping',
  'starting',
  'waiting',
  'running',
  'finished',
  'stopped',
];

/** By their names on the command line. What is new comes first by age. */
const RANKS = {
  cpu: ({ cpu }) => cpu,
  memory: ({ memory }) => memory,
  label: ({ label }) => label,
  state: ({ state }) => -ATTENTION.indexOf(state),
  descriptors: ({ descriptors }) => descriptors,
  threads: ({ threads }) => threads,
  processes: ({ processes }) => processes,
  read: ({ readRate, read }) => readRate ?? read,
  written: ({ writeRate, written }) => writeRate ?? written,
  restarts: ({ restarts }) => restarts,
  age: ({ since }) => since,
  pid: ({ pid }) => pid,
  'cpu-peak': ({ cpuPeak }) => cpuPeak,
  'memory-peak': ({ memoryPeak }) => memoryPeak,
} as const satisfies Readonly<Record<string, Rank>>;

/** What units can be put in order by. */
export type SortKey = keyof typeof RANKS;

/** Their names, in the order in which they are told. */
export const SORT_KEYS = Object.keys(RANKS) as readonly SortKey[];

/** A word of the command line; `bad-argument` where nothing is put in order by that. */
export function parseSortKey(word: string): Result<SortKey, Failure> {
  const key = SORT_KEYS.find((one) => one === word);
  if (key !== undefined) return ok(key);
  const meant = nearest(word, SORT_KEYS);
  const hint = meant === undefined ? `choose ${listing(SORT_KEYS)}` : `did you mean ${meant}?`;
  return refuse('bad-argument', `units are not put in order by ${show(word)}: ${hint}`);
}

/**
 * The rows in that order, those that have nothing to be put in order by last, the same ones by their labels. Turned round
 * what is known stands the other way, and what is not stays last.
 */
export function sorted(rows: readonly TopRow[], key: SortKey, isReversed: boolean): readonly TopRow[] {
  const rank: Rank = RANKS[key];
  const ranked = rows.map((row) => ({ row, rank: rank(row) }));
  const turn = isReversed ? -1 : 1;
  ranked.sort((one, other) => {
    if (one.rank === other.rank) return byLabel(one.row, other.row);
    if (one.rank === undefined) return 1;
    if (other.rank === undefined) return -1;
    return compared(one.rank, other.rank) * turn;
  });
  return ranked.map(({ row }) => row);
}

/** Below 0 where the first one stands first. */
function compared(one: number | string, other: number | string): number {
  if (typeof one === 'number' && typeof other === 'number') return other - one;
  return String(one) < String(other) ? -1 : 1;
}

function byLabel(one: TopRow, other: TopRow): number {
  return one.label < other.label ? -1 : Number(one.label > other.label);
}
