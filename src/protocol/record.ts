import type { Failure } from '../base/failure.ts';
import { refuse } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import { fieldOfAscii } from './bytes.ts';
import { countFields, splitQuoted } from './csv.ts';
import { escapeField, unescapeField } from './escapes.ts';
import { MAX_FIELDS, MAX_LINE_BYTES } from './limits.ts';

/**
 * The fields of a line up to this length are pieces of one string, which is faster and keeps that string
 * alive with any of them. Of a longer line each is a copy: a label that is kept must not keep a megabyte.
 */
const SHARED_BYTES = 1024;

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The fields of a record as binary strings (see bytes.ts). An encoder always has one at least; so has what was decoded. */
export type Fields = readonly [string, ...string[]];

/**
 * The fields of one line, which comes without its line end. Checks follow each other as on the protocol
 * page: `limit` for length and number of fields, `syntax` for an empty line, a byte outside 0x20 to 0x7E
 * and bad quoting, `bad-argument` for `\x00`.
 */
export function decodeRecord(line: Uint8Array): Result<Fields, Failure> {
  if (line.length > MAX_LINE_BYTES) return refuse('limit', `the line is longer than ${MAX_LINE_BYTES} bytes`);
  let commas = 0;
  let isSpecial = false;
  let foreignAt = -1;
  for (let at = 0; at < line.length; at += 1) {
    const byte = line[at] ?? 0;
    if (byte === COMMA) commas += 1;
    else if (byte === QUOTE || byte === BACKSLASH) isSpecial = true;
    else if ((byte < 0x20 || byte > 0x7e) && foreignAt < 0) foreignAt = at;
  }
  if (commas >= MAX_FIELDS && countFields(line) > MAX_FIELDS) {
    return refuse('limit', `the record has more than ${MAX_FIELDS} fields`);
  }
  if (foreignAt >= 0) return foreignByte(line[foreignAt] ?? 0, foreignAt);
  if (line.length === 0) return refuse('syntax', 'the line is empty');
  return isSpecial ? decodeSpecial(line) : ok(splitPlain(line));
}

/** Splits a line that holds neither quotes nor backslashes. */
function splitPlain(line: Uint8Array): Fields {
  if (line.length <= SHARED_BYTES) {
    // `split` gives one piece at least.
    return fieldOfAscii(line, 0, line.length).split(',') as [string, ...string[]];
  }
  const fields: [string, ...string[]] = [''];
  let from = 0;
  for (let index = 0; from <= line.length; index += 1) {
    const comma = line.indexOf(COMMA, from);
    const end = comma < 0 ? line.length : comma;
    fields[index] = fieldOfAscii(line, from, end);
    from = end + 1;
  }
  return fields;
}

function decodeSpecial(line: Uint8Array): Result<Fields, Failure> {
  const split = splitQuoted(line);
  if (!split.ok) return split;
  const fields: [string, ...string[]] = [''];
  for (const [index, raw] of split.value.entries()) {
    const field = unescapeField(raw);
    if (field === undefined) {
      return refuse('bad-argument', `field ${index + 1} holds \\x00: no field can carry a NUL byte`);
    }
    fields[index] = field;
  }
  return ok(fields);
}

function foreignByte(byte: number, at: number): ReturnType<typeof refuse> {
  const hex = byte.toString(16).padStart(2, '0');
  const hint = byte === 0 ? 'no field can carry a NUL byte' : `write \\x${hex}`;
  return refuse('syntax', `byte ${at + 1} of the line is 0x${hex}, outside 0x20 to 0x7e: ${hint}`);
}

/**
 * The line of a record, with its line feed; all characters are ASCII. It is total: a NUL, which no field
 * can carry, is written as the four characters `\x00`, and a character above 0xFF (a text that was not
 * made a field) as its UTF-8.
 *
 * @param quotedAt a field that gets its quotes whether it needs them or not; it means the same with them
 */
export function encodeRecord(fields: Fields, quotedAt = -1): string {
  if (fields.length === 1 && fields[0] === '') return '""\n';
  let line = encodeField(fields[0]);
  for (let index = 1; index < fields.length; index += 1) {
    const field = fields[index] ?? '';
    line += ',' + (index === quotedAt ? quoted(escapeField(field)) : encodeField(field));
  }
  return line + '\n';
}

function encodeField(field: string): string {
  // Nothing to escape and nothing to quote: by far the most.
  if (/^(?! )[ !#-+\--[\]-~]*$/.test(field) && !field.endsWith(' ')) return field;
  const escaped = escapeField(field);
  return /[",]|^ | $/.test(escaped) ? quoted(escaped) : escaped;
}

function quoted(escaped: string): string {
  return `"${escaped.replaceAll('"', '""')}"`;
}
