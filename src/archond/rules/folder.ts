import type { FileText } from '../../rules/messages.ts';
import type { Sys, SysError } from '../../sys/sys.ts';

/** More is no rule file. */
const MOST_BYTES = 1024 * 1024;

/** What is in a folder of rules. */
export interface FoundFiles {
  /** In the order of their names. */
  readonly files: readonly FileText[];
  /** Those that cannot be read, and why; the name is empty where it is the folder. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
}

/** Reads the folder's `*.lua`. One that is not there has none. */
export function readFolder({ files }: Pick<Sys, 'files'>, folder: string | undefined): FoundFiles {
  if (folder === undefined) return { files: [], unreadable: [] };
  const listed = files.list(folder);
  if (!listed.ok) {
    const isAbsent = listed.error.code === 'ENOENT';
    return { files: [], unreadable: isAbsent ? [] : [{ name: '', why: listed.error.code }] };
  }
  const names = listed.value.filter((name) => name.endsWith('.lua') && !name.startsWith('.')).sort();
  const found: FileText[] = [];
  const unreadable: { readonly name: string; readonly why: string }[] = [];
  for (const name of names) {
    const text = readFile(files, `${folder}/${name}`);
    if (typeof text === 'string') unreadable.push({ name, why: text });
    else found.push({ name, text });
  }
  return { files: found, unreadable };
}

/** The file's bytes, or why it cannot be read. */
function readFile(files: Sys['files'], path: string): Uint8Array | string {
  const status = files.status(path);
  if (!status.ok) return codeOf(status.error);
  const { sizeBytes } = status.value;
  if (sizeBytes > MOST_BYTES) return 'it is longer than 1 MiB';
  const read = files.read(path, 0, sizeBytes);
  return read.ok ? read.value : codeOf(read.error);
}

function codeOf({ code }: SysError): string {
  return code;
}

/** Whether two texts are the same, byte by byte. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
