import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../src/base/failure.ts';
import type { Result } from '../../src/base/result.ts';
import { MAX_FIELDS, MAX_LINE_BYTES } from '../../src/protocol/limits.ts';
import { decodeRecord, encodeRecord, type Fields } from '../../src/protocol/record.ts';
import { expectRefusal, failureOf, valueOf } from '../base/results.ts';
import { chunked, cutAll, line } from './lines.ts';

const decode = (text: string): Result<Fields, Failure> => decodeRecord(line(text));
const fieldsOf = (text: string): readonly string[] => valueOf(decode(text));

/** Any fields over the bytes 1 to 255, with those that mean something more often than by chance. */
const byte = fc.oneof(
  fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('"', ',', '\\', ' ', '\n', '\r', 'x', '0', '#'),
);
const field = fc.array(byte, { maxLength: 12 }).map((bytes) => bytes.join(''));
const record = fc
  .tuple(field, fc.array(field, { maxLength: 6 }))
  .map(([first, rest]): Fields => [first, ...rest]);

describe('a record is split into fields', () => {
  test.each([
    ['Version', ['Version']],
    ['Run,ls -l,FOO=1', ['Run', 'ls -l', 'FOO=1']],
    ['a,,b,', ['a', '', 'b', '']],
    [',', ['', '']],
    ['""', ['']],
    ['"",""', ['', '']],
    ['"a,b","c ""d"" e"', ['a,b', 'c "d" e']],
    ['""""', ['"']],
    ['"a"', ['a']],
    [' a , b ', [' a ', ' b ']],
    ["Run,echo 'x'", ['Run', "echo 'x'"]],
  ])('%s', (text, fields) => {
    expect(fieldsOf(text)).toEqual(fields);
  });

  test('whether it is short or long', () => {
    for (const length of [1000, 1023, 1024, 1025, 5000]) {
      const fields = Array.from({ length }, (_, index) => 'x'.repeat(index % 50));
      expect(fieldsOf(fields.join(','))).toEqual(fields);
    }
  });

  test('as csv-parse splits it by the strictest reading of RFC 4180', () => {
    const text = fc.array(fc.constantFrom('"', '""', ',', 'a', ' ', "'", '",', ',"'), {
      minLength: 1,
      maxLength: 14,
    });
    const printable = fc.stringMatching(/^[ -[\]-~]{1,30}$/);
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((pieces) => pieces.join('')),
          printable,
        ),
        (csv) => {
          const result = decode(csv);
          expect(result.ok ? result.value : 'refused').toEqual(csvParse(csv) ?? 'refused');
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('as csv-parse splits it, escapes undone afterwards', () => {
    fc.assert(
      fc.property(record, (fields) => {
        const [encoded = ''] = encodeRecord(fields).split('\n');
        const raw = csvParse(encoded) ?? [];
        const undone = raw.map((one) =>
          one.replace(/\\(\\|x(..))/g, (_, all: string, hex: string) =>
            all === '\\' ? all : String.fromCharCode(parseInt(hex, 16)),
          ),
        );
        expect(undone).toEqual(fields);
        expect(fieldsOf(encoded)).toEqual(fields);
      }),
    );
  });
});

test('a record that csv-stringify has written is read, backslashes doubled and line ends left out', () => {
  const plain = fc.array(fc.stringMatching(/^[ -~]{0,20}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(plain, fc.boolean(), (fields, quoted) => {
      const escaped = fields.map((one) => one.replaceAll('\\', '\\\\'));
      const text = stringify([escaped], { quoted, quoted_empty: true }).slice(0, -1);
      expect(fieldsOf(text)).toEqual(fields);
    }),
    { numRuns: 2000 },
  );
});

/** The fields that csv-parse reads, or undefined where it refuses. */
function csvParse(text: string): string[] | undefined {
  try {
    const rows = parse(text, {
      delimiter: ',',
      record_delimiter: '\n',
      relax_quotes: false,
      relax_column_count: true,
      skip_empty_lines: false,
      trim: false,
      bom: false,
    });
    return rows[0];
  } catch {
    return undefined;
  }
}

describe('escapes are undone, once', () => {
  test.each([
    ['a\\\\b', 'a\\b'],
    ['\\n\\r\\t', '\n\r\t'],
    ['\\x41\\xff\\xFF\\xfF', 'A\xff\xff\xff'],
    ['\\x01', '\x01'],
    ['\\.\\a\\"'.replace('"', ''), '\\.\\a\\'],
    ['\\x', '\\x'],
    ['\\x4', '\\x4'],
    ['\\xg1', '\\xg1'],
    ['\\X41', '\\X41'],
    ['\\N', '\\N'],
    ['\\\\x41', '\\x41'],
    ['\\\\\\x41', '\\A'],
    ['\\\\n', '\\n'],
    ['\\x5cn', '\\n'],
    ['\\x2c\\x22', ',"'],
    ['end\\', 'end\\'],
    ['caf\\xc3\\xa9', 'caf\xc3\xa9'],
  ])('%s', (wire, decoded) => {
    expect(fieldsOf(`v,${wire}`)).toEqual(['v', decoded]);
    expect(fieldsOf(`v,"${wire}"`)).toEqual(['v', decoded]);
  });

  test('after the quotes, so that an escaped quote or comma splits nothing', () => {
    expect(fieldsOf('a\\x2cb,"c\\x22,d"')).toEqual(['a,b', 'c",d']);
  });

  test('but never to a NUL, which is a bad argument', () => {
    expectRefusal(
      decode('Run,echo \\x00'),
      'bad-argument',
      /^field 2 holds \\x00: no field can carry a NUL byte$/,
    );
    expectRefusal(decode('\\x00'), 'bad-argument', /^field 1 /);
    expect(fieldsOf('\\\\x00')).toEqual(['\\x00']);
  });
});

describe('a line is refused', () => {
  test('where it is empty', () => {
    expectRefusal(decode(''), 'syntax', /^the line is empty$/);
  });

  test.each([
    [0x00, 'no field can carry a NUL byte'],
    [0x09, 'write \\x09'],
    [0x0d, 'write \\x0d'],
    [0x1f, 'write \\x1f'],
    [0x7f, 'write \\x7f'],
    [0x80, 'write \\x80'],
    [0xff, 'write \\xff'],
  ])('where it holds the byte %d', (code, hint) => {
    const hex = code.toString(16).padStart(2, '0');
    const result = decode(`Run${String.fromCharCode(code)},a`);
    expect(failureOf(result)).toEqual({
      code: 'syntax',
      message: `byte 4 of the line is 0x${hex}, outside 0x20 to 0x7e: ${hint}`,
    });
  });

  test('at no byte from 0x20 to 0x7E', () => {
    for (let code = 0x20; code <= 0x7e; code += 1) {
      const character = String.fromCharCode(code);
      if (character !== '"' && character !== ',')
        expect(fieldsOf(`v,${character}`)).toEqual(['v', character]);
    }
  });

  test.each([
    ['Run,echo "hi"', 'a quote inside an unquoted field: write "echo ""hi"""'],
    ['Run,echo "a, b",X=1', 'a quote inside an unquoted field: write "echo ""a, b"""'],
    ['Run,5" disk,X=1', 'a quote inside an unquoted field: write "5"" disk"'],
    ['Run, "ls"', 'a quote inside an unquoted field: write " ""ls"""'],
    ['a"', 'a quote inside an unquoted field: write "a"""'],
    ['Run,"abc"def,x', 'text follows the closing quote of a field: write """abc""def"'],
    ['Run,"a" ,x', 'text follows the closing quote of a field: write """a"" "'],
    [
      'Run,"ls -l',
      'the quote at the beginning of a field is not closed: write "ls -l", or """ls -l" if the field begins with a quote',
    ],
    [
      '"',
      'the quote at the beginning of a field is not closed: write "", or """" if the field begins with a quote',
    ],
    [
      '"a""',
      'the quote at the beginning of a field is not closed: write "a""", or """a""" if the field begins with a quote',
    ],
  ])('where its quotes are not those of CSV, and the hint shows how: %s', (text, message) => {
    expect(failureOf(decode(text))).toEqual({ code: 'syntax', message });
  });

  test('with hints that are themselves well quoted', () => {
    const broken = fc.stringMatching(/^[ab" ]{1,10}$/);
    fc.assert(
      fc.property(broken, (text) => {
        const result = decode(text);
        if (result.ok) return;
        const hints = [...result.error.message.matchAll(/(?:write|or) ("(?:[^"]|"")*")(?: if|,|$)/g)];
        expect(hints.length).toBeGreaterThan(0);
        for (const [, hint = ''] of hints) expect(decode(hint).ok).toBe(true);
      }),
    );
  });

  test('without repeating a long field', () => {
    const long = 'x'.repeat(500);
    expect(failureOf(decode(`a"${long}`)).message).toBe(
      'a quote inside an unquoted field: put the field into quotes and double each quote inside',
    );
    expect(failureOf(decode(`"${long}`)).message).toBe('the quote at the beginning of a field is not closed');
  });

  test('by the first of the checks that fails, wherever in the line', () => {
    const many = ','.repeat(MAX_FIELDS);
    expect(failureOf(decode(`\xff${many}`)).code).toBe('limit');
    expect(failureOf(decode(`a"${many}`)).code).toBe('limit');
    expect(failureOf(decode(`${'"'.repeat(3)}\xff`)).message).toMatch(/^byte 4 /);
    expect(failureOf(decode('\\x00,a"')).code).toBe('syntax');
    expect(failureOf(decode(`\\x00\xff`)).code).toBe('syntax');
  });

  test('never by throwing, whatever its bytes are', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => typeof decodeRecord(bytes).ok === 'boolean'));
    fc.assert(fc.property(field, (text) => typeof decode(text).ok === 'boolean'));
  });
});

describe('the limits of a record', () => {
  test('are 65,536 fields', () => {
    expect(fieldsOf(','.repeat(MAX_FIELDS - 1))).toHaveLength(MAX_FIELDS);
    expectRefusal(decode(','.repeat(MAX_FIELDS)), 'limit', /^the record has more than 65536 fields$/);
  });

  test('count no comma inside quotes', () => {
    expect(fieldsOf(`a,"${','.repeat(MAX_FIELDS)}"`)).toHaveLength(2);
    const quoted = '"a,b",'.repeat(MAX_FIELDS - 1);
    expect(fieldsOf(`${quoted}x`)).toHaveLength(MAX_FIELDS);
    expect(failureOf(decode(`${quoted}x,y`)).code).toBe('limit');
  });

  test('are one megabyte', () => {
    expect(fieldsOf('x'.repeat(MAX_LINE_BYTES))).toHaveLength(1);
    expectRefusal(decode('x'.repeat(MAX_LINE_BYTES + 1)), 'limit', /^the line is longer than 1048576 bytes$/);
  });
});

describe('a record is encoded', () => {
  test.each([
    [['Ok'], 'Ok\n'],
    [['Error', 'no, "web"', 'busy'], 'Error,"no, ""web""",busy\n'],
    [[' a', 'b ', ' ', 'c d'], '" a","b "," ",c d\n'],
    [['a\\b', '\n\r\t', '\xff\x7f\x01'], 'a\\\\b,\\x0a\\x0d\\x09,\\xff\\x7f\\x01\n'],
    [['a,\n'], '"a,\\x0a"\n'],
    [[''], '""\n'],
    [['', ''], ',\n'],
    [["it's", '#7', '@a=b'], "it's,#7,@a=b\n"],
  ] as [Fields, string][])('%j', (fields, text) => {
    expect(encodeRecord(fields)).toBe(text);
  });

  test('so that decoding gives the same fields, over all bytes', () => {
    fc.assert(
      fc.property(record, (fields) => {
        const encoded = encodeRecord(fields);
        expect(encoded).toMatch(/^[ -~]+\n$/);
        expect(fieldsOf(encoded.slice(0, -1))).toEqual(fields);
      }),
      { numRuns: 2000 },
    );
    const all = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).join('');
    expect(fieldsOf(encodeRecord([all]).slice(0, -1))).toEqual([all]);
  });

  test('so that a stream of records gives the same records, whatever follows what and however it is chunked', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 9 }),
        fc.constantFrom('\n', '\r\n'),
        (records, cuts, lineEnd) => {
          const stream = records.map((one) => encodeRecord(one).replace('\n', lineEnd)).join('');
          const told = cutAll(chunked(line(stream), cuts));
          expect(told.map(({ text }) => fieldsOf(text))).toEqual(records);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('with a NUL, which no field can carry, as the text that names it', () => {
    expect(encodeRecord(['a\0b'])).toBe('a\\\\x00b\n');
    expect(fieldsOf('a\\\\x00b')).toEqual(['a\\x00b']);
  });

  test('with characters that are no bytes as their UTF-8, so that no text can break a reply', () => {
    expect(encodeRecord(['\u20ac', '\u{1f600}'])).toBe('\\xe2\\x82\\xac,\\xf0\\x9f\\x98\\x80\n');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => /^[ -~]+\n$/.test(encodeRecord([text]))));
  });
});
