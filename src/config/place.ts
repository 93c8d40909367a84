/** Where something stands in a configuration file. */
export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters as JavaScript and editors count them (UTF-16). */
  readonly column: number;
}

/** A place as compilers write it: `archon.yaml:12:5`. */
export function showPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}
