import type { LoadedFile, Trouble } from '../../rules/ask.ts';

/** A rule as `Rules` shows it. */
export interface RuleRow {
  readonly file: string;
  readonly name: string;
  /** 0: of the file, which has none in force. */
  readonly line: number;
  fired: number;
  /** With its line; empty where nothing went wrong. */
  lastError: string;
  /** `active`; `suspended`: let be after too many failures; `refused`: the file could not be loaded. */
  state: 'active' | 'suspended' | 'refused';
}

/** What is known of each rule beside what the host knows: for people. */
export class RuleTable {
  readonly #files = new Map<string, { readonly rows: readonly RuleRow[]; fault: RuleRow | undefined }>();
  readonly #byId = new Map<number, RuleRow>();
  /** How long the ids are good: those of a host that has ended say nothing. */
  readonly #ids = new Map<string, readonly number[]>();

  /** All, file by file, in the order in which they stand. */
  rows(): readonly RuleRow[] {
    return [...this.#files]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, { rows, fault }]) => (fault === undefined ? rows : [...rows, fault]));
  }

  /** What came of loading a file. Rules that were there before, by their names and places, keep what is known of them. */
  put({ name, rules, fault }: LoadedFile): void {
    const before = this.#files.get(name)?.rows ?? [];
    for (const id of this.#ids.get(name) ?? []) this.#byId.delete(id);
    this.#ids.set(
      name,
      rules.map(({ id }) => id),
    );
    const rows = rules.map(({ id, name: rule, line }, at): RuleRow => {
      const same = before[at]?.name === rule ? before[at] : undefined;
      const row: RuleRow = {
        file: name,
        name: rule,
        line,
        fired: same?.fired ?? 0,
        lastError: same?.lastError ?? '',
        state: 'active',
      };
      this.#byId.set(id, row);
      return row;
    });
    this.#files.set(name, { rows, fault: fault === undefined ? undefined : refused(name, fault) });
  }

  /** A file that is no more, or is to have nothing in force. */
  drop(name: string, why?: string): void {
    for (const id of this.#ids.get(name) ?? []) this.#byId.delete(id);
    this.#ids.delete(name);
    if (why === undefined) this.#files.delete(name);
    else this.#files.set(name, { rows: [], fault: refused(name, { message: why, line: undefined }) });
  }

  fired(rule: number): void {
    const row = this.#byId.get(rule);
    if (row !== undefined) row.fired += 1;
  }

  trouble(rule: number | undefined, { line, message, what, file, rule: name }: Trouble): void {
    const text = line === undefined ? `${file}: ${message}` : `${file}:${line}: ${message}`;
    const ofName = this.#files.get(file)?.rows.find((row) => row.name === name);
    const row = rule === undefined ? ofName : this.#byId.get(rule);
    if (row === undefined) return;
    if (what === 'suspended') row.state = 'suspended';
    else row.lastError = text;
  }

  /** Which rule has that number. */
  row(rule: number): RuleRow | undefined {
    return this.#byId.get(rule);
  }

  /** Whether a file has a rule that is let be. */
  isSuspended(file: string): boolean {
    return this.#files.get(file)?.rows.some(({ state }) => state === 'suspended') ?? false;
  }
}

function refused(
  file: string,
  { message, line }: { readonly message: string; readonly line: number | undefined },
): RuleRow {
  const place = line === undefined ? file : `${file}:${line}`;
  return { file, name: '', line: 0, fired: 0, lastError: `${place}: ${message}`, state: 'refused' };
}
