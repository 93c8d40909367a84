import { fieldOfAscii } from './bytes.ts';
import { unescapeField } from './escapes.ts';

const COMMA = 0x2c;

/** Longest first field that can be a tag: 65 characters, each written as `\xHH`, in quotes. */
const MAX_WIRE_BYTES = 4 * 65 + 2;

/** Whether a field is a tag: `#` and 1 to 64 characters of `[A-Za-z0-9_.-]`. */
export function isTag(field: string): boolean {
  return /^#[A-Za-z0-9_.-]{1,64}$/.test(field);
}

const HASH = 0x23;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** False only where a line has no tag for certain, by its first byte: a tag can be quoted or escaped. */
export function mayBeTagged(line: Uint8Array): boolean {
  const [first] = line;
  return first === HASH || first === QUOTE || first === BACKSLASH;
}

/**
 * The tag at the beginning of a line that cannot be decoded, so that its error can carry it. The first
 * field is read by itself, by the rules of every field; what follows it does not matter.
 */
export function leadingTag(line: Uint8Array): string | undefined {
  const head = line.subarray(0, MAX_WIRE_BYTES + 1);
  const comma = head.indexOf(COMMA);
  if (comma < 0 && head.length < line.length) return undefined;
  const end = comma < 0 ? head.length : comma;
  // A byte outside ASCII becomes U+FFFD or a letter, and then it is no tag.
  const wire = fieldOfAscii(head, 0, end);
  const field = unescapeField(/^"([^"]*)"$/.exec(wire)?.[1] ?? wire);
  return field !== undefined && isTag(field) ? field : undefined;
}
