import { formatDuration } from '../../base/duration.ts';
import { textOf } from '../../protocol/bytes.ts';
import { recordsOf, type Data } from '../consult.ts';
import { paintState } from './colour.ts';
import type { Sample } from '../story/history.ts';
import { pastLines } from './past.ts';
import { printable } from './printable.ts';
import { ageOf, localTime } from './time.ts';
import { numberOf, sizeOf } from './unit.ts';
import { foldUsed } from './used.ts';

/** Facts that are instants, in Unix seconds on the wire. */
const INSTANTS: ReadonlySet<string> = new Set(['since', 'up-since', 'next-attempt']);

/** Facts that are numbers for programs. */
const NUMBERS: ReadonlySet<string> = new Set([
  ...INSTANTS,
  'pid',
  'restarts',
  'generation',
  'exit-code',
  'cpu',
  'cpu-peak',
  'memory',
  'memory-peak',
  'processes',
  'threads',
  'descriptors',
  'read',
  'written',
  'exit-utime',
  'exit-stime',
  'exit-maxrss',
]);

/** Facts that are a share of one processor. */
const SHARES: ReadonlySet<string> = new Set(['cpu', 'cpu-peak']);

/** Facts that are bytes. */
const SIZES: ReadonlySet<string> = new Set(['memory', 'memory-peak', 'read', 'written', 'exit-maxrss']);

/** Facts that are seconds of processor. */
const TIMES: ReadonlySet<string> = new Set(['exit-utime', 'exit-stime']);

/** A `Field` record: its name and its values. */
type Fact = readonly [name: string, ...values: string[]];

function factsOf(data: readonly Data[]): Fact[] {
  return recordsOf({ data }, 'Field').flatMap(([name, ...values]) =>
    name === undefined ? [] : [[name, ...values]],
  );
}

/** The first value of a fact of `Status`; undefined where it is not among them. */
export function fieldOfStatus(data: readonly Data[], name: string): string | undefined {
  return factsOf(data).find((fact) => fact[0] === name)?.[1];
}

/** What a fact says to programs. */
type StatusValue = string | number | null | readonly string[];

/** The facts for programs: numbers as such, all else as it came; several values as a list. Times are Unix seconds. */
export function statusJson(data: readonly Data[]): Record<string, StatusValue> {
  const pairs = factsOf(data).map(([name, ...values]): [string, StatusValue] => {
    const texts = values.map(textOf);
    const [first = ''] = texts;
    if (texts.length !== 1) return [name, texts];
    return [name, NUMBERS.has(name) ? numberOf(first) : first];
  });
  return Object.fromEntries(pairs);
}

/** The facts of a unit as rows of a table, one for each value. */
export function statusRows(
  label: string,
  data: readonly Data[],
): { readonly label: string; readonly name: string; readonly value: string }[] {
  return factsOf(data).flatMap(([name, ...values]) =>
    values.map((value) => ({ label, name, value: textOf(value) })),
  );
}

/** What has to be known of where a status is printed. */
export interface StatusLook {
  readonly nowMs: number;
  readonly isColoured: boolean;
  /** Of the terminal; 0 where it is none, and pictures are left out. */
  readonly columns: number;
  readonly isUtf8: boolean;
}

/** The facts for people, one a line under the label; instants as local time and age, then what it has used, and the last lines of its log. */
export function statusText(
  label: string,
  data: readonly Data[],
  logLines: readonly string[],
  samples: readonly Sample[],
  look: StatusLook,
): string {
  const facts = factsOf(data).filter(([name]) => name !== 'label');
  const shown = [
    ...foldUsed(
      facts.map(([name, ...values]) => [name, values.map((value) => valueOf(name, value, look)).join(', ')]),
    ),
    ...pastLines(samples, look.columns, look.isUtf8),
  ];
  const width = shown.reduce((most, [name]) => Math.max(most, name.length), 0);
  const lines = shown.map(([name, text]) => `  ${printable(name).padEnd(width)}  ${text}\n`);
  const log = logLines.length === 0 ? '' : `\n${logLines.map((line) => `  | ${printable(line)}\n`).join('')}`;
  return `${printable(label)}\n${lines.join('')}${log}`;
}

function valueOf(name: string, value: string, { nowMs, isColoured }: StatusLook): string {
  if (name === 'state') return paintState(value, printable(value), isColoured);
  if (SHARES.has(name)) return `${printable(value)}%`;
  if (SIZES.has(name)) return sizeOf(value);
  if (TIMES.has(name)) return formatDuration(Number(value) * 1000);
  if (!INSTANTS.has(name)) return printable(value);
  const when = localTime(value);
  if (Number(value) * 1000 > nowMs) return when;
  return `${when} (${ageOf(value, nowMs)} ago)`;
}
