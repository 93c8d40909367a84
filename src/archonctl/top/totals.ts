import { formatSize } from '../../base/size.ts';
import { paintState } from '../print/colour.ts';
import type { TableKind } from './columns.ts';
import type { TopRow } from './row.ts';

/** What units come to together. Sums are of what is known. */
export interface Totals {
  readonly units: number;
  /** How many are in which state, the most frequent first. */
  readonly states: Readonly<Record<string, number>>;
  readonly cpu: number;
  readonly memory: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly processes: number;
  readonly read: number;
  readonly written: number;
  readonly readRate: number;
  readonly writeRate: number;
}

/** Adds them up. */
export function totalsOf(rows: readonly TopRow[]): Totals {
  const states = new Map<string, number>();
  for (const { state } of rows) states.set(state, (states.get(state) ?? 0) + 1);
  const sum = (of: (row: TopRow) => number | undefined): number =>
    rows.reduce((all, row) => all + (of(row) ?? 0), 0);
  return {
    units: rows.length,
    states: Object.fromEntries([...states].sort(([, one], [, other]) => other - one)),
    cpu: sum(({ cpu }) => cpu),
    memory: sum(({ memory }) => memory),
    descriptors: sum(({ descriptors }) => descriptors),
    threads: sum(({ threads }) => threads),
    processes: sum(({ processes }) => processes),
    read: sum(({ read }) => read),
    written: sum(({ written }) => written),
    readRate: sum(({ readRate }) => readRate),
    writeRate: sum(({ writeRate }) => writeRate),
  };
}

/** A piece of a line, and how it looks where there is colour. */
export interface Piece {
  readonly text: string;
  readonly painted?: string;
}

/** `12 units: 9 running, 2 finished, 1 failed`, in pieces. */
export function statesLine({ units, states }: Totals, isColoured: boolean): readonly Piece[] {
  const counts = Object.entries(states);
  const head = `${units} ${units === 1 ? 'unit' : 'units'}${counts.length === 0 ? '' : ': '}`;
  return [
    { text: head },
    ...counts.map(([state, count], at): Piece => {
      const text = `${at === 0 ? '' : ', '}${count} ${state}`;
      return { text, painted: paintState(state, text, isColoured) };
    }),
  ];
}

/** `cpu 12.5%  memory 1.2G …`, in pieces, what matters least last. */
export function sumsLine(totals: Totals, kind: TableKind): readonly Piece[] {
  const { cpu, memory, descriptors, threads, processes } = totals;
  const size = (bytes: number): string => formatSize(Math.round(bytes));
  const texts = [
    `cpu ${cpu.toFixed(1)}%`,
    `memory ${size(memory)}`,
    kind === 'live' ? `read ${size(totals.readRate)}/s` : `read ${size(totals.read)}`,
    kind === 'live' ? `written ${size(totals.writeRate)}/s` : `written ${size(totals.written)}`,
    `${processes} processes`,
    `${threads} threads`,
    `${descriptors} descriptors`,
  ];
  return texts.map((text, at) => ({ text: at === 0 ? text : `  ${text}` }));
}

/** As many of the pieces as fit. */
export function joined(pieces: readonly Piece[], columns: number): string {
  let used = 0;
  const shown: string[] = [];
  for (const { text, painted } of pieces) {
    used += text.length;
    if (used > columns) break;
    shown.push(painted ?? text);
  }
  return shown.join('');
}
