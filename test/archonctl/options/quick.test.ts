import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../src/base/duration.ts';
import { explain, type Form } from '../../../src/archonctl/options/explain.ts';
import type { OptionTable, Order } from '../../../src/archonctl/options/option.ts';
import { parseQuickly } from '../../../src/archonctl/options/quick.ts';

const TABLE = {
  label: { short: 'l', value: 'LABEL', help: 'call it so' },
  env: { short: 'e', value: 'NAME=value', many: true, help: 'a setting' },
  timeout: { value: 'DURATION', help: 'so long', check: parseDuration },
  force: { short: 'f', help: 'in any case' },
  'my-env': { help: 'all of it' },
  'no-wait': { help: 'at once' },
} as const satisfies OptionTable;

function formOf(order: Order): Form {
  return {
    title: 'archonctl try',
    operands: ['[words...]'],
    order,
    options: [['Options:', TABLE]],
    description: 'Tries.',
    rest: '',
  };
}

describe('a plain command line', () => {
  const read = (...line: string[]) => parseQuickly(TABLE, line, 'options-anywhere');

  it('gives values as texts, flags as true, repeated ones as lists', () => {
    expect(read('--label', 'web', '-e', 'A=1', '--env=B=2', '-f', '--no-wait', 'x')).toEqual({
      given: { label: 'web', env: ['A=1', 'B=2'], force: true, 'no-wait': true },
      words: ['x'],
    });
  });

  it('takes the last of an option that is given twice', () => {
    expect(read('-l', 'a', '--label', 'b')?.given).toEqual({ label: 'b' });
  });

  it('takes whatever follows an option with a value, dashes too', () => {
    expect(read('-l', '--', '-e', '-f')?.given).toEqual({ label: '--', env: ['-f'] });
    expect(read('--label=', 'x')).toEqual({ given: { label: '' }, words: ['x'] });
  });

  it('finds options behind words, or leaves all behind the first word alone', () => {
    expect(read('a', '-f', 'b')).toEqual({ given: { force: true }, words: ['a', 'b'] });
    expect(parseQuickly(TABLE, ['-f', 'ls', '-l', '--', '-x'], 'options-first')).toEqual({
      given: { force: true },
      words: ['ls', '-l', '--', '-x'],
    });
  });

  it('takes everything behind -- as words, and a single dash as one', () => {
    expect(read('-', '--', '-f', '--label')).toEqual({ given: {}, words: ['-', '-f', '--label'] });
    expect(parseQuickly(TABLE, ['--', '-f'], 'options-first')).toEqual({ given: {}, words: ['-f'] });
  });

  it.each([
    ['an unknown option', ['--bogus']],
    ['a name of every object', ['--constructor']],
    ['a missing value', ['--label']],
    ['a value for a flag', ['--force=1']],
    ['a value that cannot be used', ['--timeout', 'soon']],
    ['a glued value', ['-lweb']],
    ['glued flags', ['-fl', 'web']],
    ['the wish for help', ['--help']],
  ])('is not for it where there is %s', (_, line) => {
    expect(read(...line)).toBeUndefined();
  });
});

describe('both readers of command lines', () => {
  const token = fc.oneof(
    fc.constantFrom(
      '-l',
      '--label',
      '--label=x',
      '-e',
      '-eA=1',
      '--env',
      '--env=',
      'A=1',
      '-f',
      '--force',
      '-fl',
      '-fe',
    ),
    fc.constantFrom(
      '--timeout',
      '5s',
      'soon',
      '--timeout=1m',
      '--my-env',
      '--no-wait',
      '--wait',
      '--',
      '-',
      '',
      '-5',
      '--5',
    ),
    fc.constantFrom(
      '--help',
      '-h',
      '--bogus',
      '--force=1',
      '--labe',
      '-lweb',
      '--constructor',
      'ls',
      'web*',
      '-ff',
    ),
    fc.string({ maxLength: 4 }),
  );
  const orders = fc.constantFrom<Order>('options-first', 'options-anywhere');

  it('agree wherever the quick one has an answer', () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.array(token, { maxLength: 7 }), orders, (line, order) => {
        const quick = parseQuickly(TABLE, line, order);
        if (quick === undefined) return;
        answered += 1;
        expect(explain(formOf(order), line, undefined)).toEqual({ kind: 'parsed', parsed: quick });
      }),
      { numRuns: 2000 },
    );
    expect(answered).toBeGreaterThan(200);
  });

  it('let commander have what is well-formed, but not plain', () => {
    const explained = (...line: string[]) => explain(formOf('options-anywhere'), line, undefined);
    expect(explained('-flweb', '-eA=1', 'x')).toEqual({
      kind: 'parsed',
      parsed: { given: { label: 'web', env: ['A=1'], force: true }, words: ['x'] },
    });
    expect(explained('-9', 'web')).toEqual({ kind: 'parsed', parsed: { given: {}, words: ['-9', 'web'] } });
  });
});

describe('what is said of a wrong line', () => {
  const said = (...line: string[]) => {
    const explained = explain(formOf('options-anywhere'), line, undefined);
    return explained.kind === 'wrong' ? explained.sentence : explained.kind;
  };

  it.each([
    [['--bogus'], "unknown option '--bogus'; see archonctl try --help"],
    [['--lable', 'x'], "unknown option '--lable' (Did you mean --label?); see archonctl try --help"],
    [['-l'], "option '-l, --label <LABEL>' argument missing; see archonctl try --help"],
    [
      ['--timeout', 'soon'],
      "option '--timeout <DURATION>': 'soon' is not a duration: write 250ms, 5s, 2m, 1h or 1d; see archonctl try --help",
    ],
  ])('%j: one sentence that names what to do', (line, sentence) => {
    expect(said(...line)).toBe(sentence);
  });

  it('counts the operands', () => {
    const form = { ...formOf('options-anywhere'), operands: ['<label>'] };
    const sentence = (...line: string[]) => expect(JSON.stringify(explain(form, line, undefined)));
    sentence().toContain("missing required argument 'label'");
    sentence('a', 'b').toContain('too many arguments');
  });
});
