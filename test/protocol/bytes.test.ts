import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, fieldOf, fieldOfAscii, fieldOfText, textOf } from '../../src/protocol/bytes.ts';

describe('a field', () => {
  test('is its bytes, each a character', () => {
    expect(bytesOf('a\xff\x01')).toEqual(Uint8Array.of(0x61, 0xff, 0x01));
    expect(fieldOf(Uint8Array.of(0x61, 0xff, 0x01))).toBe('a\xff\x01');
  });

  test('is the same after a journey through bytes, however long', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(bytesOf(fieldOf(bytes))).toEqual(bytes);
      }),
    );
    const long = new Uint8Array(1024 * 1024).map((_, index) => index % 256);
    expect(Buffer.compare(bytesOf(fieldOf(long)), long)).toBe(0);
  });

  test.each([0, 1, 23, 24, 25, 5000])('of %d ASCII bytes is cut out of the middle of others', (length) => {
    const bytes = new Uint8Array(length + 20).map((_, index) => 0x20 + (index % 95));
    expect(fieldOfAscii(bytes, 7, 7 + length)).toBe(fieldOf(bytes.subarray(7, 7 + length)));
  });
});

describe('a text', () => {
  test('becomes a field of its bytes in UTF-8', () => {
    expect(fieldOfText('café')).toBe('caf\xc3\xa9');
    expect(fieldOfText('ls -l')).toBe('ls -l');
  });

  test('comes back from its field', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => textOf(fieldOfText(text)) === text));
  });

  test('shows bytes that are not UTF-8 as the replacement character', () => {
    expect(textOf('a\xffb')).toBe('a\ufffdb');
  });
});
