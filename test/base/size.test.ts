import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSize, parseSize } from '../../src/base/size.ts';
import { expectRefusal, valueOf } from './results.ts';

describe('a size is read', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['64K', 65_536],
    ['500M', 500 * 1024 ** 2],
    ['2G', 2 * 1024 ** 3],
    ['1T', 1024 ** 4],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('from %s as %d bytes', (text, bytes) => {
    expect(valueOf(parseSize(text))).toBe(bytes);
  });

  test.each(['', 'K', '64k', '64KB', '64KiB', '1.5G', '-1K', '64 K', '64K\n', '1e3'])(
    'not from %j',
    (text) => {
      expectRefusal(parseSize(text), 'bad-argument', /is not a size: write 4096, 64K, 500M or 2G$/);
    },
  );

  test.each(['9007199254740992', '8192T', '9'.repeat(500)])('not from %s, which is too large', (text) => {
    expectRefusal(parseSize(text), 'bad-argument', /is too large$/);
  });
});

describe('a size is shown', () => {
  test.each([
    [0, '0'],
    [512, '512'],
    [1023, '1023'],
    [1024, '1K'],
    [1536, '1.5K'],
    [65_536, '64K'],
    [1024 ** 2 - 1, '1M'],
    [500 * 1024 ** 2, '500M'],
    [1.25 * 1024 ** 3, '1.3G'],
    [5000 * 1024 ** 4, '5000T'],
  ])('%d bytes as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test('so that a whole number of one unit is read back as it was', () => {
    const text = fc.tuple(fc.integer({ min: 1, max: 1023 }), fc.constantFrom('', 'K', 'M', 'G', 'T'));
    fc.assert(
      fc.property(
        text,
        ([number, unit]) => formatSize(valueOf(parseSize(`${number}${unit}`))) === `${number}${unit}`,
      ),
    );
  });
});
