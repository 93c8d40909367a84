/**
 * JSON in which each character is one byte, for files that are written as Latin-1: fields of requests are
 * held as strings of bytes (0x01 to 0xFF) and so cost one byte each, and UTF-8 in them stays readable as
 * such; what is above 0xFF is written as `\uXXXX`. Throws what JSON.stringify throws.
 */
export function byteJson(value: unknown): string {
  const text = JSON.stringify(value);
  // eslint-disable-next-line no-control-regex -- control characters are the point of the range
  return /[^\x00-\xff]/.test(text) ? text.replace(/[^\x00-\xff]/g, escape) : text;
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** What a JSON text says, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
