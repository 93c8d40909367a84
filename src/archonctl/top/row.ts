import { textOf } from '../../protocol/bytes.ts';
import { numberOf, unitRow } from '../print/unit.ts';

/** A unit and what it uses. What is not known, or of which there is nothing, is undefined. */
export interface TopRow {
  readonly label: string;
  readonly state: string;
  readonly pid: number | undefined;
  /** Since when it is in its state; Unix seconds. */
  readonly since: number | undefined;
  readonly restarts: number | undefined;
  readonly lastExit: string;
  /** When it was looked at what it uses; Unix seconds. */
  readonly at: number | undefined;
  /** Of one processor, in percent. */
  readonly cpu: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly descriptors: number | undefined;
  readonly threads: number | undefined;
  readonly processes: number | undefined;
  /** Bytes from and to storage since its processes began. */
  readonly read: number | undefined;
  readonly written: number | undefined;
  /** The most that was seen since it was started. */
  readonly cpuPeak: number | undefined;
  readonly memoryPeak: number | undefined;
  /** Bytes a second, where it has been looked at twice; `top` works them out (rates.ts). */
  readonly readRate?: number | undefined;
  readonly writeRate?: number | undefined;
  /** The shares of the processor that were seen last, the oldest first. */
  readonly trend?: readonly number[];
}

/** The fields of a `Usage` record behind its label, in their order (docs/protocol.org). */
const USAGE_FIELDS = [
  'at',
  'cpu',
  'memory',
  'descriptors',
  'threads',
  'processes',
  'read',
  'written',
  'cpuPeak',
  'memoryPeak',
] as const;

type Used = Pick<TopRow, (typeof USAGE_FIELDS)[number]>;

/** What is known of a unit that has no process. */
const NOTHING = Object.fromEntries(USAGE_FIELDS.map((name) => [name, undefined])) as Used;

/** Puts the `Unit` records of all units and the `Usage` records of those that are up together. */
export function topRows(
  units: readonly (readonly string[])[],
  usages: readonly (readonly string[])[],
): readonly TopRow[] {
  const used = new Map(usages.map(([label = '', ...fields]) => [textOf(label), usedOf(fields)]));
  return units.map((fields) => {
    const { label, state, pid, since, restarts, last_exit } = unitRow(fields);
    return {
      label,
      state,
      pid: known(pid),
      since: known(since),
      restarts: known(restarts),
      lastExit: last_exit,
      ...(used.get(label) ?? NOTHING),
    };
  });
}

function usedOf(fields: readonly string[]): Used {
  return Object.fromEntries(USAGE_FIELDS.map((name, at) => [name, known(fields[at] ?? '')])) as Used;
}

function known(field: string): number | undefined {
  return numberOf(field) ?? undefined;
}
