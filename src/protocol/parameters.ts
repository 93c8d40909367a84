import type { Failure } from '../base/failure.ts';
import { failure, refuse } from '../base/failure.ts';
import { nearest } from '../base/nearest.ts';
import { err, ok, type Result } from '../base/result.ts';
import { listing, show } from '../base/show.ts';
import type { Argument, VerbShape } from './verbs.ts';

/** What follows the verb, read by the verb's shape. */
export interface Parameters {
  readonly args: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  /** Only where the shape allows settings. Of a name given twice the last value counts, as in a shell. */
  readonly settings?: ReadonlyMap<string, string>;
}

/**
 * Reads the fields behind the verb, from `from` on. A field that begins with `@` is an option wherever it
 * stands (no label does), except that the command of a request with settings comes first, whatever it begins with.
 */
export function readParameters(
  verb: string,
  shape: VerbShape,
  fields: readonly string[],
  from: number,
): Result<Parameters, Failure> {
  const options: Record<string, unknown> = {};
  const settings = new Map<string, string>();
  const positional: string[] = [];
  for (let index = from; index < fields.length; index += 1) {
    const field = fields[index] ?? '';
    if (shape.settings && index === from) {
      positional.push(field);
    } else if (field.startsWith('@')) {
      const fault = readOption(verb, shape, field, options);
      if (fault !== undefined) return err(fault);
    } else if (shape.settings) {
      const equals = field.indexOf('=');
      const name = field.slice(0, Math.max(0, equals));
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        return refuse(
          'bad-argument',
          `${show(field)} is neither a setting NAME=value nor an option @name=value`,
        );
      }
      settings.set(name, field.slice(equals + 1));
    } else {
      positional.push(field);
    }
  }
  const args = readArguments(verb, shape, positional);
  if (!args.ok) return args;
  return ok(shape.settings ? { args: args.value, options, settings } : { args: args.value, options });
}

/** Reads one option into `into`; returns what is wrong with it. */
function readOption(
  verb: string,
  shape: VerbShape,
  field: string,
  into: Record<string, unknown>,
): Failure | undefined {
  const equals = field.indexOf('=');
  const name = field.slice(1, equals < 0 ? undefined : equals);
  const kind = Object.hasOwn(shape.options, name) ? shape.options[name] : undefined;
  if (kind === undefined) return unknownOption(verb, shape, name);
  if (equals < 0) return failure('bad-argument', `the option @${name} has no value: write @${name}=...`);
  if (Object.hasOwn(into, name)) return failure('bad-argument', `the option @${name} is given twice`);
  const value = kind(field.slice(equals + 1));
  if (!value.ok) return { ...value.error, message: `@${name}: ${value.error.message}` };
  into[name] = value.value;
  return undefined;
}

function unknownOption(verb: string, shape: VerbShape, name: string): Failure {
  if (shape.later.some((later) => later === name || (later.endsWith('.') && name.startsWith(later)))) {
    return failure('unsupported', `${verb} does not know the option @${name} yet`);
  }
  const known = Object.keys(shape.options).map((option) => `@${option}`);
  if (known.length === 0) return failure('bad-argument', `${verb} takes no options: ${show(`@${name}`)}`);
  const meant = nearest(`@${name}`, known);
  const hint =
    meant === undefined
      ? `it takes ${listing(known, 'and')}`
      : `did you mean ${meant}? It takes ${listing(known, 'and')}`;
  return failure('bad-argument', `${verb} has no option ${show(`@${name}`)}; ${hint}`);
}

function readArguments(
  verb: string,
  shape: VerbShape,
  positional: readonly string[],
): Result<Readonly<Record<string, unknown>>, Failure> {
  const args: Record<string, unknown> = {};
  let used = 0;
  for (const [name, argument] of Object.entries(shape.args)) {
    const given = argument.occurs === 'many' ? positional.slice(used) : positional.slice(used, used + 1);
    if (given.length === 0 && argument.occurs !== 'optional')
      return refuse('bad-argument', usage(verb, shape));
    used += given.length;
    const values: unknown[] = [];
    for (const field of given) {
      const value = argument.kind(field);
      if (!value.ok) return value;
      values.push(value.value);
    }
    args[name] = argument.occurs === 'many' ? values : values[0];
  }
  const [surplus] = positional.slice(used);
  return surplus === undefined
    ? ok(args)
    : refuse('bad-argument', `${show(surplus)} is one argument too many: ${usage(verb, shape)}`);
}

/** How the request is written: `write Signal,<signal>,<targets>...`. */
function usage(verb: string, shape: VerbShape): string {
  const args = Object.entries(shape.args).map(([name, argument]) => placeholder(name, argument));
  return args.length === 0 ? `${verb} takes no arguments` : `write ${verb},${args.join(',')}`;
}

function placeholder(name: string, argument: Argument): string {
  if (argument.occurs === 'optional') return `[<${name}>]`;
  return argument.occurs === 'many' ? `<${name}>...` : `<${name}>`;
}
