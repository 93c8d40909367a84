import { printable } from './printable.ts';
import { cutTo } from './table.ts';

/** The fields of a `Process` record, in their order. */
export const PROCESS_FIELDS = ['depth', 'pid', 'ppid', 'label', 'state', 'command'] as const;

/** A `Process` record by the names of its fields. */
export type ProcessRow = Readonly<Record<(typeof PROCESS_FIELDS)[number], string>>;

const LINES = { branch: '├─ ', last: '└─ ', through: '│  ', nothing: '   ' };
const ASCII_LINES = { branch: '|- ', last: '`- ', through: '|  ', nothing: '   ' };

/**
 * Processes that come depth first as a tree: a unit's label above its own, then each below the one that
 * started it. Cut to `columns` where these are given.
 */
export function treeText(rows: readonly ProcessRow[], columns: number | undefined, isUtf8: boolean): string {
  const lines = isUtf8 ? LINES : ASCII_LINES;
  const depths = rows.map((row) => Number(row.depth));
  const out: string[] = [];
  /* For each depth above the row at hand: whether another process of that depth follows below the same one. */
  const goesOn: boolean[] = [];
  let label: string | undefined;
  for (const [index, row] of rows.entries()) {
    const depth = depths[index] ?? 0;
    const isTop = index === 0 || row.label !== label;
    label = row.label;
    if (isTop) {
      out.push(printable(label));
      goesOn.length = 0;
    }
    goesOn.length = depth;
    goesOn[depth] = hasSibling(rows, depths, index);
    const stem = goesOn.slice(0, depth).map((more) => (more ? lines.through : lines.nothing));
    const twig = goesOn[depth] ? lines.branch : lines.last;
    const text = `${stem.join('')}${twig}${row.pid} ${printable(row.state)} ${printable(row.command)}`;
    out.push(columns === undefined ? text : cutTo(text, columns));
  }
  return out.map((line) => `${line.trimEnd()}\n`).join('');
}

/** Whether another process of the same unit, the same depth and the same parent follows. */
function hasSibling(rows: readonly ProcessRow[], depths: readonly number[], index: number): boolean {
  const depth = depths[index] ?? 0;
  for (let next = index + 1; next < rows.length; next += 1) {
    const other = depths[next] ?? 0;
    if (other < depth || rows[next]?.label !== rows[index]?.label) return false;
    if (other === depth) return true;
  }
  return false;
}
