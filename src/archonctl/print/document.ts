import type { Screen } from './screen.ts';

/** Prints one JSON object, on a line of its own. */
export function printJson(screen: Screen, value: object): void {
  screen.out(`${JSON.stringify(value)}\n`);
}

/** Prints rows as CSV (RFC 4180 with LF) under a header of the columns' names, unless that has been printed. */
export async function printCsv<N extends string>(
  screen: Screen,
  columns: readonly N[],
  rows: readonly Readonly<Record<N, string>>[],
  header = true,
): Promise<void> {
  const { stringify } = await import('csv-stringify/sync');
  const cells = rows.map((row) => columns.map((name) => row[name]));
  /* A blank at an end would be lost to readers that trim. */
  screen.out(stringify(cells, { header, columns: [...columns], quoted_match: /^ | $/ }));
}
