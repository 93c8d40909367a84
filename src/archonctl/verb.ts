import type { Globals } from './options/global.ts';
import type { Given, OptionTable, Order } from './options/option.ts';
import type { Caller } from './caller.ts';
import type { Screen } from './print/screen.ts';

/** A verb in the list of verbs; its code is loaded when it is the one. */
export interface Entry {
  readonly aliases?: readonly string[];
  /** What `archonctl --help` says of it. */
  readonly summary: string;
  readonly load: () => Promise<Verb>;
}

/** What a verb works with. */
export interface Invocation<O extends OptionTable = OptionTable> {
  readonly given: Given<O>;
  /** What is no option. Their number is as the verb's operands say. */
  readonly words: readonly string[];
  /** Whether `--` stood directly before the first of them. */
  readonly hasDashes: boolean;
  readonly globals: Globals;
  readonly screen: Screen;
  readonly caller: Caller;
  /** All verbs by their names. */
  readonly verbs: Readonly<Record<string, Entry>>;
}

/** A verb: what its command line looks like, how its help explains it, and what it does. */
export interface Verb<O extends OptionTable = OptionTable> {
  readonly name: string;
  /** What follows the options, in the notation of commander: `<label...>`, `[glob]`. */
  readonly operands: readonly string[];
  readonly order: Order;
  readonly options: O;
  /** Full sentences for the help. */
  readonly description: string;
  /** For the help: command lines without `archonctl`, and what they do. One at least. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Carries it out; resolves with the exit code. */
  run(invocation: Invocation<O>): Promise<number>;
}

/** A verb as the table of verbs holds it, its own options checked against its own code. */
export function defineVerb<const O extends OptionTable>(verb: Verb<O>): Verb {
  return verb as unknown as Verb;
}

/** Exit codes; see the end of docs/archonctl.org. */
export const EXIT = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  notInThatState: 3,
  noSuchUnit: 4,
  unreachable: 69,
} as const;
