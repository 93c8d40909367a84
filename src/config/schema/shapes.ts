import * as z from 'zod/mini';
import { err, ok } from '../../base/result.ts';
import type { Words } from '../../base/words.ts';
import { anyText, leaf } from './leaf.ts';
import { commandLine, label, oneOf } from './scalars.ts';

type Shape = Readonly<Record<string, z.core.$ZodType>>;
type Writable<S> = { -readonly [K in keyof S]: S[K] };

/**
 * A mapping with these keys and no others. The message of a fault is what was expected: of a key that
 * is not known, the names of those that are (`knownKeys` reads them back).
 */
export function keys<S extends Shape>(what: string, shape: S): z.ZodMiniObject<Writable<S>, z.core.$strict> {
  const names = Object.keys(shape).join(' ');
  const error = (issue: z.core.$ZodRawIssue): string => (issue.code === 'unrecognized_keys' ? names : what);
  return z.strictObject(shape, { error });
}

/** The names that the message of an unknown key holds. */
export function knownKeys(message: string): readonly string[] {
  return message.split(' ');
}

/** A mapping from any names of that form. */
export function named<V>(
  what: string,
  pattern: RegExp,
  value: z.ZodMiniType<V>,
): z.ZodMiniType<Record<string, V>> {
  const key = leaf(what, { type: 'string', pattern: pattern.source }, (text) =>
    pattern.test(text) ? ok(text) : err(undefined),
  );
  const error = (issue: z.core.$ZodRawIssue): string =>
    issue.code === 'invalid_key' ? what : `a mapping from ${what}`;
  return z.record(key, value, { error });
}

/** A list. */
export function list<T>(what: string, item: z.ZodMiniType<T>): z.ZodMiniType<T[]> {
  return z.array(item, { error: () => `a list of ${what}` });
}

/** A list of texts, or one without its brackets. */
export function oneOrMore(what: string, item: z.ZodMiniType<string>): z.ZodMiniType<string[]> {
  return z.pipe(
    z.union([item, list(what, item)]),
    z.transform((found) => (typeof found === 'string' ? [found] : found)),
  );
}

/** Labels of units. */
export const labels = oneOrMore('labels', label);

const EMPTY = 'a command, its program first';

/** A command: one line, or a list of its words. */
export const command: z.ZodMiniType<Words> = z.union([
  commandLine,
  z.pipe(
    list('words', anyText('a word')),
    z.transform((words, context): Words => {
      const [program, ...rest] = words;
      if (program !== undefined && program !== '') return [program, ...rest];
      context.issues.push({ code: 'custom', message: EMPTY, input: words, params: { isExact: true } });
      return z.NEVER;
    }),
  ),
]);

/** What may be switched off by the word `none`, above all where `defaults` have switched it on. */
export function orNone<T>(schema: z.ZodMiniType<T>): z.ZodMiniType<T | 'none'> {
  return z.union([oneOf('none'), schema]);
}
