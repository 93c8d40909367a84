import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, MAX_DURATION_MS, parseDuration } from '../../src/base/duration.ts';
import { expectRefusal, valueOf } from './results.ts';

describe('a duration is read', () => {
  test.each([
    ['250ms', 250],
    ['5s', 5000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['0', 0],
    ['0s', 0],
    ['007s', 7000],
    ['36500d', MAX_DURATION_MS],
  ])('from %s as %d ms', (text, ms) => {
    expect(valueOf(parseDuration(text))).toBe(ms);
  });

  test.each([
    '',
    '5',
    '00',
    '-5s',
    '+5s',
    '1.5s',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    '5sec',
    '1m30s',
    's',
    '5s\n',
    '5µs',
    '٥s',
  ])('not from %j', (text) => {
    expectRefusal(parseDuration(text), 'bad-argument', /is not a duration: write 250ms, 5s, 2m, 1h or 1d$/);
  });

  test('not where it is longer than a hundred years', () => {
    expectRefusal(parseDuration('36501d'), 'bad-argument', /^the duration '36501d' is longer than 36500d$/);
    expectRefusal(parseDuration(`${'9'.repeat(400)}ms`), 'bad-argument', /longer than 36500d/);
  });

  test('whatever the text is, without throwing', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseDuration(text).ok === 'boolean'));
  });
});

describe('a duration is shown', () => {
  test.each([
    [0, '0ms'],
    [0.7, '0ms'],
    [250, '250ms'],
    [999.9, '999ms'],
    [1000, '1s'],
    [1990, '1.9s'],
    [59_999, '59.9s'],
    [60_000, '1m'],
    [125_000, '2m 5s'],
    [3_600_000, '1h'],
    [3_661_000, '1h 1m'],
    [86_400_000, '1d'],
    [100_000_000, '1d 3h'],
    [-1500, '-1.5s'],
  ])('%d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('so that one of a single unit is read back as it was', () => {
    const unit = fc.constantFrom(['ms', 999], ['s', 59], ['m', 59], ['h', 23], ['d', 36_500]) as fc.Arbitrary<
      [string, number]
    >;
    const text = unit.chain(([name, most]) =>
      fc.integer({ min: 1, max: most }).map((number) => `${number}${name}`),
    );
    fc.assert(fc.property(text, (duration) => formatDuration(valueOf(parseDuration(duration))) === duration));
  });
});
