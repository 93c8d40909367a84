import type { Failure } from '../base/failure.ts';
import { refuse } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import { fieldOfAscii } from './bytes.ts';

const COMMA = 0x2c;
const QUOTE = 0x22;

/** A longer field is not repeated in an error's hint. */
const HINT_BYTES = 200;

/**
 * Splits a line of printable ASCII by RFC 4180, section 2, within one line: a field that begins with a
 * double quote ends with one, a doubled one inside stands for one; a quote anywhere else is `syntax`, with
 * a hint that shows the field as it should have been quoted.
 */
export function splitQuoted(line: Uint8Array): Result<readonly string[], Failure> {
  const fields: string[] = [];
  let from = 0;
  for (;;) {
    let end: number;
    if (line[from] === QUOTE) {
      const close = closingQuote(line, from);
      if (close < 0) return unclosedQuote(line, from);
      end = close + 1;
      if (end < line.length && line[end] !== COMMA)
        return strayQuote(line, from, 'text follows the closing quote of a field');
      const inner = fieldOfAscii(line, from + 1, close);
      fields.push(inner.includes('"') ? inner.replaceAll('""', '"') : inner);
    } else {
      const comma = line.indexOf(COMMA, from);
      end = comma < 0 ? line.length : comma;
      const field = fieldOfAscii(line, from, end);
      if (field.includes('"')) return strayQuote(line, from, 'a quote inside an unquoted field');
      fields.push(field);
    }
    if (end >= line.length) return ok(fields);
    from = end + 1;
  }
}

/**
 * How many fields a line has that may still break other rules: what follows a closing quote, and a quote
 * inside an unquoted field, are passed over. For well-formed lines it is the number of fields.
 */
export function countFields(line: Uint8Array): number {
  let count = 1;
  let from = 0;
  for (;;) {
    const close = line[from] === QUOTE ? closingQuote(line, from) : from;
    const comma = close < 0 ? -1 : line.indexOf(COMMA, close);
    if (comma < 0) return count;
    count += 1;
    from = comma + 1;
  }
}

/** Place of the quote that closes the field whose opening quote stands at `open`, or -1. */
function closingQuote(line: Uint8Array, open: number): number {
  let at = line.indexOf(QUOTE, open + 1);
  while (at >= 0 && line[at + 1] === QUOTE) at = line.indexOf(QUOTE, at + 2);
  return at;
}

function unclosedQuote(line: Uint8Array, from: number): ReturnType<typeof refuse> {
  const fault = 'the quote at the beginning of a field is not closed';
  const field = fieldOfAscii(line, from + 1, line.length);
  if (field.length > HINT_BYTES) return refuse('syntax', fault);
  return refuse('syntax', `${fault}: write "${field}", or """${field}" if the field begins with a quote`);
}

function strayQuote(line: Uint8Array, from: number, fault: string): ReturnType<typeof refuse> {
  const field = fieldOfAscii(line, from, meantEnd(line, from));
  if (field.length > HINT_BYTES)
    return refuse('syntax', `${fault}: put the field into quotes and double each quote inside`);
  return refuse('syntax', `${fault}: write "${field.replaceAll('"', '""')}"`);
}

/** Where a badly quoted field was probably meant to end: at the first comma that is not between two of its quotes. */
function meantEnd(line: Uint8Array, from: number): number {
  let isQuoted = false;
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === QUOTE) isQuoted = !isQuoted;
    else if (line[at] === COMMA && !isQuoted) return at;
  }
  const comma = line.indexOf(COMMA, from);
  return isQuoted && comma >= 0 ? comma : line.length;
}
