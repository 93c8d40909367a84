import type { Sys } from '../../sys/sys.ts';

const NAME = /^(?:notify|said)\.(\d+)(\.new)?$/;

/**
 * Removes from the runtime folder what generations had there for their voices of which nothing is left: an earlier archond died
 * before it came to that. To be called before anything is started.
 */
export function removeLeftovers({ files, keeper }: Sys, runtimeDir: string): void {
  const names = files.list(runtimeDir);
  if (!names.ok) return;
  const present = new Set(keeper.entries().map(({ generation }) => String(generation)));
  for (const name of names.value) {
    const [, generation, isUnfinished] = NAME.exec(name) ?? [];
    if (generation === undefined || (present.has(generation) && isUnfinished === undefined)) continue;
    files.remove(`${runtimeDir}/${name}`);
  }
}
