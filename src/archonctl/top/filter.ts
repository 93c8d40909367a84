import { compileGlob, isGlob } from '../../base/glob.ts';
import type { TopRow } from './row.ts';

/** Chooses rows by what was typed: a glob, or a part of the label in letters of any size. A glob that is not complete yet chooses all. */
export function chosen(rows: readonly TopRow[], filter: string): readonly TopRow[] {
  if (filter === '') return rows;
  if (!isGlob(filter)) {
    const part = filter.toLowerCase();
    return rows.filter(({ label }) => label.toLowerCase().includes(part));
  }
  const glob = compileGlob(filter);
  return glob.ok ? rows.filter(({ label }) => glob.value.matches(label)) : rows;
}

/** Whether the unit has a process, or is about to have one. */
export function isUp({ state, pid }: TopRow): boolean {
  return pid !== undefined || !['stopped', 'finished', 'failed'].includes(state);
}
