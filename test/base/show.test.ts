import { describe, expect, test } from 'vitest';
import { listing, show } from '../../src/base/show.ts';

describe('a quotation in a message', () => {
  test('is the text in single quotes', () => {
    expect(show('web')).toBe(`'web'`);
    expect(show('')).toBe(`''`);
    expect(show('x'.repeat(80))).toBe(`'${'x'.repeat(80)}'`);
  });

  test('is cut after 80 characters', () => {
    expect(show('x'.repeat(81))).toBe(`'${'x'.repeat(80)}...'`);
    expect(show('x'.repeat(1_000_000))).toHaveLength(85);
  });
});

describe('a list in a sentence', () => {
  test.each([
    [[], 'nothing'],
    [['a'], 'a'],
    [['a', 'b'], 'a or b'],
    [['a', 'b', 'c'], 'a, b or c'],
  ])('of %j is %s', (words, text) => {
    expect(listing(words)).toBe(text);
  });

  test('has the conjunction that it is given', () => {
    expect(listing(['a', 'b'], 'and')).toBe('a and b');
  });
});
