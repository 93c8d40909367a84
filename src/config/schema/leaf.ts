import * as z from 'zod/mini';
import { ok, type Result } from '../../base/result.ts';
import { PARAMETER } from '../parameter.ts';

/** A part of a JSON Schema (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What editors are told of a scalar. Its text may always hold a parameter instead of what it has to be in the end. */
const described = z.registry<{ readonly json: JsonSchema }>();

/** The part of the JSON Schema that a scalar of the schema has to be described by; undefined for all else. */
export function jsonOf(schema: z.core.$ZodType): JsonSchema | undefined {
  return described.get(schema)?.json;
}

/** A scalar of the schema: in a file a text, here a `T`. */
export type Leaf<T> = z.ZodMiniPipe<z.ZodMiniString, z.ZodMiniTransform<T, string>>;

/**
 * A scalar: `expected` completes the sentence "expected …"; `read` makes the value out of its text, or says
 * what should have stood there where it can say that better.
 */
export function leaf<T>(
  expected: string,
  json: JsonSchema,
  read: (text: string) => Result<T, string | undefined>,
): Leaf<T> {
  const schema = z.pipe(
    z.string({ error: () => expected }),
    z.transform((text: string, context): T => {
      const result = read(text);
      if (result.ok) return result.value;
      const isExact = result.error !== undefined;
      context.issues.push({
        code: 'custom',
        message: result.error ?? expected,
        input: text,
        params: { isExact },
      });
      return z.NEVER;
    }),
  );
  described.add(schema, { json });
  return schema;
}

/** Any scalar as a text: what YAML takes for a number or a truth value is one too. */
export const ANY_TEXT: JsonSchema = { type: ['string', 'number', 'boolean'] };

/** A text that matches, or has a parameter in it. */
export function textLike(pattern: string): JsonSchema {
  return { type: 'string', pattern: `^(?:${pattern})$|${PARAMETER}` };
}

/** A whole number, or a text of one. */
export function wholeLike(least: number, most: number): JsonSchema {
  return {
    anyOf: [
      { type: 'integer', minimum: least, maximum: most },
      textLike('[+-]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+'),
    ],
  };
}

/** One of the words, or a text with a parameter in it. */
export function wordLike(words: readonly string[]): JsonSchema {
  return { anyOf: [{ enum: words }, { type: 'string', pattern: PARAMETER }] };
}

/** A leaf that takes every text. */
export function anyText(expected: string): Leaf<string> {
  return leaf(expected, ANY_TEXT, (text) => ok(text));
}
