import { textOf } from '../../protocol/bytes.ts';

/**
 * A field for people. What a terminal would obey instead of showing it, control characters and their
 * relatives above 0x7F, is shown as `\x1b`; a command line may hold anything.
 */
export function printable(field: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are the point of the range
  return textOf(field).replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}
