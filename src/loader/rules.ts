import path from 'node:path';
import type { FileText } from '../rules/messages.ts';
import { reading } from '../sys/real/reading.ts';

export { Rehearsal } from '../rules/rehearsal.ts';
export { testFile } from '../rules/test-file.ts';

/** More is no rule file. */
const MOST_BYTES = 1024 * 1024;

/** Rule files, by the paths that messages have; or why one cannot be read. */
export interface ReadRules {
  readonly files: readonly FileText[];
  readonly unreadable: readonly { readonly path: string; readonly code: string }[];
}

/** Reads rule files, of folders all `*.lua`. */
export function readRules(paths: readonly string[]): ReadRules {
  const files: FileText[] = [];
  const unreadable: { readonly path: string; readonly code: string }[] = [];
  for (const one of paths.flatMap(filesOf)) {
    const read = reading.read(one, MOST_BYTES);
    if (read.ok) files.push({ name: one, text: read.value });
    else unreadable.push({ path: one, code: read.error.code });
  }
  return { files, unreadable };
}

function filesOf(one: string): readonly string[] {
  const kind = reading.kindOf(one);
  if (!kind.ok || kind.value !== 'folder') return [one];
  const listed = reading.list(one);
  if (!listed.ok) return [one];
  const names = listed.value.filter((name) => name.endsWith('.lua') && !name.startsWith('.')).sort();
  return names.map((name) => path.join(one, name));
}
