import type { Failure } from '../../base/failure.ts';
import { ok, type Result } from '../../base/result.ts';

/** One option. Its long name is its key in the table. */
export interface OptionSpec {
  /** One letter, without its dash. */
  readonly short?: string;
  /** What stands for the value in the help; an option without it is a flag. */
  readonly value?: string;
  /** It may be given more than once. Only with `value`. */
  readonly many?: true;
  /** For the help: the rest of the sentence that begins with the option. */
  readonly help: string;
  /** Whether a value can be used; where it is absent the supervisor judges. */
  readonly check?: (text: string) => Result<unknown, Failure>;
  /** Instead of `check`: what is given in place of the value. */
  readonly convert?: (text: string) => Result<string, Failure>;
}

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What was given of a table: values as texts, flags as `true`; what was not given is absent. */
export type Given<O extends OptionTable> = string extends keyof O
  ? Readonly<Record<string, GivenValue>>
  : { readonly [N in keyof O]?: GivenOf<O[N]> };

type GivenValue = string | true | readonly string[];

type GivenOf<S extends OptionSpec> = S extends { readonly many: true }
  ? readonly string[]
  : S extends { readonly value: string }
    ? string
    : true;

/** A command line taken apart: options, then the words that are none. */
export interface Parsed<O extends OptionTable = OptionTable> {
  readonly given: Given<O>;
  readonly words: readonly string[];
}

/** How a line is read: up to its first word that is no option, or to its end with options anywhere. */
export type Order = 'options-first' | 'options-anywhere';

/** The value of an option, as it is used. */
export function takeValue({ check, convert }: OptionSpec, text: string): Result<string, Failure> {
  if (convert !== undefined) return convert(text);
  const checked = check?.(text);
  return checked?.ok === false ? checked : ok(text);
}
