import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRecord } from '../../src/protocol/record.ts';
import { isTag, leadingTag } from '../../src/protocol/tag.ts';
import { line } from './lines.ts';

describe('a tag', () => {
  test('is # and 1 to 64 characters of A-Z a-z 0-9 _ . -', () => {
    for (const tag of ['#7', '#a', '#A_b.c-9', `#${'x'.repeat(64)}`]) expect(isTag(tag)).toBe(true);
    for (const tag of [
      '',
      '#',
      '7',
      '##',
      '#a b',
      '#a,',
      '#\xe9',
      '#a\n',
      `#${'x'.repeat(65)}`,
      '#a/b',
      '#+',
    ]) {
      expect(isTag(tag)).toBe(false);
    }
  });
});

describe('the tag of a line that cannot be decoded', () => {
  test.each([
    ['#7,Run,echo "hi"', '#7'],
    ['#7,Run,\xff', '#7'],
    ['#7', '#7'],
    ['#7,', '#7'],
    ['"#7",Run,"', '#7'],
    ['\\x237,Run,"', '#7'],
    [`#${'x'.repeat(64)},\t`, `#${'x'.repeat(64)}`],
    [
      `"${[...Buffer.from(`#${'x'.repeat(64)}`)].map((code) => `\\x${code.toString(16)}`).join('')}",\t`,
      `#${'x'.repeat(64)}`,
    ],
  ])('is found: %s', (text, tag) => {
    expect(leadingTag(line(text))).toBe(tag);
  });

  test.each([
    '',
    'Run,#7',
    ' #7,Run',
    '#7 ,Run',
    '#,Run',
    '#7\t,Run',
    '#7\xff,Run',
    '\xff#7,Run',
    '"#7,Run',
    '"#7"x,Run',
    '"""#7""",Run',
    '#\\x00,Run',
    `#${'x'.repeat(65)},Run`,
    `#${'x'.repeat(1000)}`,
  ])('is none: %s', (text) => {
    expect(leadingTag(line(text))).toBeUndefined();
  });

  test('is that of the record wherever the line can be decoded', () => {
    const first = fc.stringMatching(/^[#a-z\\x0-9".,]{0,8}$/);
    fc.assert(
      fc.property(first, (field) => {
        const encoded = line(encodeRecord([field, 'Run']).slice(0, -1));
        expect(leadingTag(encoded)).toBe(isTag(field) ? field : undefined);
      }),
    );
  });

  test('is looked for without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) =>
        [undefined, 'string'].includes(typeof leadingTag(bytes) === 'string' ? 'string' : undefined),
      ),
    );
  });
});
