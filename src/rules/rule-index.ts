import { compileGlob, isGlob } from '../base/glob.ts';
import type { LoadedFile, RuleInfo } from './ask.ts';

/** Without `kind` a rule is not offered these: its own notes would make it fire again, and a decision about a port is asked for by name. */
const ASKED_FOR: ReadonlySet<string> = new Set(['note', 'rule', 'port']);

/** More pairs of kind and label than this are not remembered at once. */
const MOST_REMEMBERED = 20_000;

/** A rule, and how its labels match. */
interface Entry {
  readonly info: RuleInfo;
  readonly matches: (label: string) => boolean;
}

/** A rule's place among those of its file. */
interface Indexed {
  readonly file: string;
  readonly entry: Entry;
}

/**
 * Which rules an event may concern, by its kind and label. Whatever has been asked once is known from then on, so that
 * an event costs one look, however many rules there are; a first look goes through those of the kind.
 */
export class RuleIndex {
  readonly #files = new Map<string, LoadedFile>();
  /** In the order of the files, and in each as they stand. Those without a kind are in all of them. */
  #byKind = new Map<string, Indexed[]>();
  #ofAnyKind: Indexed[] = [];
  readonly #known = new Map<string, Map<string, readonly number[]>>();
  #remembered = 0;
  #asksProcess = false;

  /** Whether there is any rule. */
  get isEmpty(): boolean {
    return this.#ofAnyKind.length === 0 && this.#byKind.size === 0;
  }

  /** Whether any rule asks for path or command line of processes. */
  get asksProcess(): boolean {
    return this.#asksProcess;
  }

  /** What a file has now; with nothing, it is gone. */
  put(file: LoadedFile): void {
    if (file.rules.length === 0 && file.watches.length === 0) this.#files.delete(file.name);
    else this.#files.set(file.name, file);
    this.#build();
  }

  drop(name: string): void {
    if (this.#files.delete(name)) this.#build();
  }

  /** The files that have rules, in their order. */
  files(): readonly LoadedFile[] {
    return [...this.#files.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The numbers of the rules that an event may concern, in the order in which they are offered it. */
  rulesFor(kind: string, label: string): readonly number[] {
    const known = this.#known.get(kind)?.get(label);
    if (known !== undefined) return known;
    const named = this.#byKind.get(kind) ?? [];
    const candidates = ASKED_FOR.has(kind) ? named : inOrder([...named, ...this.#ofAnyKind]);
    const found = candidates.flatMap(({ entry }) => (entry.matches(label) ? [entry.info.id] : []));
    this.#remember(kind, label, found);
    return found;
  }

  #remember(kind: string, label: string, rules: readonly number[]): void {
    if (this.#remembered >= MOST_REMEMBERED) this.#forget();
    this.#remembered += 1;
    const ofKind = this.#known.get(kind) ?? new Map<string, readonly number[]>();
    ofKind.set(label, rules);
    this.#known.set(kind, ofKind);
  }

  #forget(): void {
    this.#known.clear();
    this.#remembered = 0;
  }

  #build(): void {
    this.#forget();
    this.#byKind = new Map();
    this.#ofAnyKind = [];
    this.#asksProcess = false;
    for (const { name, rules } of this.files())
      for (const info of rules) {
        const indexed = { file: name, entry: { info, matches: matcherOf(info.labels) } };
        this.#asksProcess ||= info.asksProcess;
        if (info.kinds === undefined) this.#ofAnyKind.push(indexed);
        for (const kind of new Set(info.kinds)) {
          const others = this.#byKind.get(kind);
          if (others === undefined) this.#byKind.set(kind, [indexed]);
          else others.push(indexed);
        }
      }
  }
}

function inOrder(rules: readonly Indexed[]): readonly Indexed[] {
  return [...rules].sort((one, other) => {
    if (one.file !== other.file) return one.file < other.file ? -1 : 1;
    return one.entry.info.line - other.entry.info.line || one.entry.info.id - other.entry.info.id;
  });
}

function matcherOf(labels: readonly string[] | undefined): (label: string) => boolean {
  if (labels === undefined) return () => true;
  const plain = new Set(labels.filter((label) => !isGlob(label)));
  const globs = labels.flatMap((label) => {
    const glob = isGlob(label) ? compileGlob(label) : undefined;
    return glob?.ok === true ? [glob.value] : [];
  });
  return (label) => plain.has(label) || globs.some((glob) => glob.matches(label));
}
