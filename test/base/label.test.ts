import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelOfCommand, labelOfProcess, parseLabel } from '../../src/base/label.ts';
import { expectRefusal, valueOf } from './results.ts';

/** The rules of the protocol page, one by one, as slowly as they can be written. */
function isLabelByThePage(text: string): boolean {
  const allowed = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/@+-';
  if (text.length < 1 || text.length > 255) return false;
  if (!Array.from(text).every((character) => allowed.includes(character))) return false;
  if ('/-@'.includes(text.charAt(0))) return false;
  return text
    .split('/')
    .every(
      (part) => part !== '' && part !== '.' && part !== '..' && part.length <= 200 && !part.endsWith('.log'),
    );
}

describe('a label is', () => {
  test.each([
    'web',
    'a',
    '0',
    '_',
    '.hidden',
    '...',
    'a..',
    '+x',
    ':x',
    'web@1',
    'db-2',
    'a.b:c+d@e-f',
    'x.logs',
    'log',
    'a.log.b',
    'github.com/relab/goxos/kvs/kvsd',
    'a/-b',
    'a/@b',
    'a/...',
    'x'.repeat(200),
    `${'x'.repeat(200)}/${'y'.repeat(54)}`,
  ])('%s', (text) => {
    expect(valueOf(parseLabel(text))).toBe(text);
  });

  test.each([
    ['', /^'' cannot be a label: it is empty$/],
    ['a b', /^'a b' cannot be a label: a blank is none of the characters A-Z a-z 0-9 _ \. : \/ @ \+ -$/],
    ['a*', /: \* is none of the characters/],
    ['caf\xc3\xa9', /: the character 0xc3 is none of the characters/],
    ['a\n', /: the character 0x0a is none of the characters/],
    ['/web', /: it begins with \/$/],
    ['-web', /: it begins with -$/],
    ['@web', /: it begins with @$/],
    ['a//b', /: a part between slashes is empty$/],
    ['a/', /: a part between slashes is empty$/],
    ['.', /: a part between slashes is \.$/],
    ['..', /: a part between slashes is \.\.$/],
    ['a/../b', /: a part between slashes is \.\.$/],
    ['a/.', /: a part between slashes is \.$/],
    ['x'.repeat(201), /: a part is longer than 200 characters$/],
    [`${'x'.repeat(200)}/${'y'.repeat(55)}`, /: it is longer than 255 characters$/],
    ['web.log', /: a part ends in \.log$/],
    ['.log', /: a part ends in \.log$/],
    ['a.log/b', /: a part ends in \.log$/],
  ])('not %j, and the reason is said', (text, message) => {
    expectRefusal(parseLabel(text), 'bad-argument', message);
  });

  test('what the rules of the page say, for all texts', () => {
    const piece = fc.constantFrom(
      'a',
      'Z',
      '0',
      '.',
      '..',
      '/',
      '-',
      '@',
      '_',
      '+',
      ':',
      '.log',
      'x'.repeat(199),
      ' ',
      '\xff',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (label) => parseLabel(label).ok === isLabelByThePage(label)),
      { numRuns: 2000 },
    );
  });
});

describe('a generated label', () => {
  const free = (): boolean => false;

  test.each([
    ['sleep', 'sleep'],
    ['/usr/bin/sleep', 'sleep'],
    ['./a.out', 'a.out'],
    ['bin/', 'bin'],
    ['a/b//', 'b'],
    ['my prog', 'my_prog'],
    ['[', '_'],
    ['caf\xc3\xa9', 'caf__'],
    ['-sh', '_sh'],
    ['@x', '_x'],
    ['x@y', 'x@y'],
    ['.', '_'],
    ['..', '_'],
    ['/', '_'],
    ['', '_'],
    ['out.log', 'out_log'],
    ['.log', '_log'],
    [`${'x'.repeat(176)}.log-and-more`, `${'x'.repeat(176)}_log`],
    ['a'.repeat(300), 'a'.repeat(180)],
  ])('of %j is %j', (name, label) => {
    expect(labelOfCommand(name, free)).toBe(label);
  });

  test('gets a number from 2 on while it is taken', () => {
    const taken = new Set<string>();
    const labels = Array.from({ length: 4 }, () => {
      const label = labelOfCommand('/bin/sleep', (other) => taken.has(other));
      taken.add(label);
      return label;
    });
    expect(labels).toEqual(['sleep', 'sleep-2', 'sleep-3', 'sleep-4']);
  });

  test('takes the lowest number that has become free', () => {
    const taken = new Set(['sleep', 'sleep-3']);
    expect(labelOfCommand('sleep', (label) => taken.has(label))).toBe('sleep-2');
  });

  test('is a label, whatever the name is and however many are taken', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('/', '.', '.log', '-', '@', 'a')).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(name, fc.nat(30), (text, others) => {
        let asked = 0;
        for (const labelOf of [labelOfCommand, labelOfProcess]) {
          asked = 0;
          const label = labelOf(text, () => (asked += 1) <= others);
          expect(valueOf(parseLabel(label))).toBe(label);
        }
      }),
    );
  });

  test.each([
    ['sh', 'sh'],
    ['a b,c', 'a_b_c'],
    ['kworker/0:1', 'kworker/0:1'],
    ['/x', '_/x'],
    ['-a//b.log', '_a/_/b_log'],
    ['', '_'],
  ])('of a process named %j is %s', (name, label) => {
    expect(labelOfProcess(name, free)).toBe(label);
  });

  test('is made at once even of a megabyte', () => {
    const long = 1024 * 1024;
    expect(labelOfCommand(`${'a'.repeat(long)}/b`, free)).toBe('b');
    expect(labelOfCommand('/'.repeat(long) + 'x', free)).toBe('x');
    expect(labelOfCommand(`x${'/'.repeat(long)}`, free)).toBe('x');
    expect(labelOfCommand('.log'.repeat(long / 4), free)).toHaveLength(180);
  });
});
