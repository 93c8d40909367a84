import { showPlace, type Place } from './place.ts';

/** What is wrong with a configuration, in one word for programs. */
export type ComplaintKind =
  /** A file or folder cannot be read. */
  | 'unreadable'
  /** What is there is no YAML, or none that a configuration can be. */
  | 'yaml'
  | 'duplicate-key'
  | 'unknown-key'
  | 'missing-key'
  /** A value of the wrong type, or one that cannot be. */
  | 'bad-value'
  | 'missing-parameter'
  | 'include-cycle'
  | 'duplicate-label'
  /** A label that names no unit. */
  | 'unknown-unit'
  | 'dependency-cycle'
  | 'unknown-user'
  | 'unknown-group'
  /** Two units write one log file. */
  | 'log-clash'
  /** Two units claim one port. */
  | 'port-clash'
  /** Two keys that cannot stand together. */
  | 'contradiction'
  | 'limit'
  /** A limit that nothing here can enforce. */
  | 'no-controller'
  /** A key of the contract that this version cannot carry out. */
  | 'not-in-this-version';

/** One thing that is wrong. A load reports all of them. */
export interface Complaint {
  readonly kind: ComplaintKind;
  /** Line and column are absent where a whole file or folder is meant. */
  readonly place: { readonly file: string } | Place;
  /** The path of the key, such as `units.web.restart.delay`; empty where no key is meant. */
  readonly key: string;
  /** What is wrong: a sentence without a full stop. */
  readonly message: string;
  /** What should have stood there, where that can be said. */
  readonly expected?: string;
  /** What stands there, as a person writes it. */
  readonly found?: string;
  /** The known name that was probably meant. */
  readonly nearest?: string;
  /** The other place, where there are two to one complaint. */
  readonly other?: Place;
}

/** One or more, sorted by file, line and column. */
export type Complaints = readonly [Complaint, ...Complaint[]];

/** A complaint as one line: `archon.yaml:12:5: units.web.restrt: this key is not known; did you mean restart?` */
export function showComplaint({ place, key, message, nearest, other }: Complaint): string {
  const where = 'line' in place ? showPlace(place) : place.file;
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const also = other === undefined ? '' : ` (see ${showPlace(other)})`;
  return `${[where, ...(key === '' ? [] : [key]), message].join(': ')}${hint}${also}`;
}

/** Complaints in the order of the files as they were read, then by their places; each once. */
export function inOrder(complaints: readonly Complaint[], files: readonly string[]): readonly Complaint[] {
  const order = new Map(files.map((file, index) => [file, index]));
  const rank = ({ file }: Complaint['place']): number => order.get(file) ?? files.length;
  const line = ({ place }: Complaint): number => ('line' in place ? place.line : 0);
  const column = ({ place }: Complaint): number => ('line' in place ? place.column : 0);
  const unique = new Map<string, Complaint>();
  const at = ({ place }: Complaint): string => JSON.stringify(place);
  const lacking = new Set(complaints.filter(({ kind }) => kind === 'missing-parameter').map(at));
  for (const complaint of complaints) {
    /* A value is not to be judged while a parameter of it is missing. */
    if (complaint.kind === 'bad-value' && lacking.has(at(complaint))) continue;
    /* The same part may be looked at more than once: for each instance, and in each unit that has it by default. */
    const { kind, place, message } = complaint;
    const key = JSON.stringify([kind, place, message]);
    if (!unique.has(key)) unique.set(key, complaint);
  }
  return [...unique.values()].sort(
    (one, other) =>
      rank(one.place) - rank(other.place) || line(one) - line(other) || column(one) - column(other),
  );
}
