import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTime, parseTime, sayTime } from '../../src/base/time.ts';
import { expectRefusal, valueOf } from './results.ts';

describe('a time is read', () => {
  test.each([
    ['0', 0n],
    ['1', 1_000_000_000n],
    ['1700000000', 1_700_000_000_000_000_000n],
    ['1700000000.5', 1_700_000_000_500_000_000n],
    ['1700000000.000000001', 1_700_000_000_000_000_001n],
    ['0.123456789', 123_456_789n],
    ['9223372036.854775807', 2n ** 63n - 1n],
  ])('from %s as %d ns', (text, ns) => {
    expect(valueOf(parseTime(text))).toBe(ns);
  });

  test.each(['', '.', '1.', '.5', '-1', '+1', '1e9', '1.0000000001', 'now', ' 1', '1\n', '12345678901'])(
    'not from %j',
    (text) => {
      expectRefusal(parseTime(text), 'bad-argument', /is not a time: write Unix seconds/);
    },
  );

  test('not where it would not fit in 64 bits', () => {
    expectRefusal(parseTime('9223372036.854775808'), 'bad-argument', /is after the year 2262$/);
  });
});

describe('a time is shown', () => {
  test('without zeros at its end', () => {
    expect(formatTime(1_700_000_000_000_000_000n)).toBe('1700000000');
    expect(formatTime(1_700_000_000_250_000_000n)).toBe('1700000000.25');
    expect(formatTime(1_700_000_000_000_000_010n)).toBe('1700000000.00000001');
  });

  test('in sentences as a date, never before it', () => {
    expect(sayTime(1_700_000_000_250_000_000n)).toBe('2023-11-14T22:13:20.250Z');
    expect(sayTime(1_700_000_000_250_000_001n)).toBe('2023-11-14T22:13:20.251Z');
    expect(sayTime(2n ** 63n - 1n)).toBe('2262-04-11T23:47:16.855Z');
  });

  test('so that every nanosecond that fits is read back exactly', () => {
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 63n - 1n), (ns) => valueOf(parseTime(formatTime(ns))) === ns));
  });
});
