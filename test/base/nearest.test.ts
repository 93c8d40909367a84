import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/base/nearest.ts';

const VERBS = ['Run', 'Restart', 'Start', 'Status', 'StartDaemon', 'Stop', 'List', 'Links'];

describe('the nearest word', () => {
  test.each([
    ['Runn', 'Run'],
    ['rn', 'Run'],
    ['strat', 'Start'],
    ['Stat', 'Start'],
    ['startdeamon', 'StartDaemon'],
    ['LSIT', 'List'],
    ['stop', 'Stop'],
    ['lnks', 'Links'],
  ])('to %s is %s', (word, meant) => {
    expect(nearest(word, VERBS)).toBe(meant);
  });

  test.each(['', 'x', 'frobnicate', 'zzzz', 'R'.repeat(1000)])('to %s is none', (word) => {
    expect(nearest(word, VERBS)).toBeUndefined();
  });

  test('is none among none', () => {
    expect(nearest('Run', [])).toBeUndefined();
  });

  test('is the first of those that are equally near', () => {
    expect(nearest('cat', ['bat', 'hat'])).toBe('bat');
  });

  test('is the word itself where it is there', () => {
    const word = fc.stringMatching(/^[a-z]{1,12}$/);
    fc.assert(fc.property(fc.array(word), word, (others, own) => nearest(own, [...others, own]) === own));
  });

  test('is found over one slip of any kind', () => {
    const word = fc.stringMatching(/^[a-z]{3,12}$/);
    const slip = fc.constantFrom<(text: string, at: number) => string>(
      (text, at) => text.slice(0, at) + text.slice(at + 1),
      (text, at) => `${text.slice(0, at)}-${text.slice(at)}`,
      (text, at) => `${text.slice(0, at)}-${text.slice(at + 1)}`,
      (text, at) => text.slice(0, at) + (text[at + 1] ?? '') + (text[at] ?? '') + text.slice(at + 2),
    );
    fc.assert(
      fc.property(word, fc.nat(2), slip, (meant, at, apply) => nearest(apply(meant, at), [meant]) === meant),
    );
  });
});
