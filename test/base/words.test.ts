import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteWords, splitWords } from '../../src/base/words.ts';
import { expectRefusal, valueOf } from './results.ts';

describe('a command is split', () => {
  test.each([
    ['ls -l', ['ls', '-l']],
    ['  ls \t -l\n', ['ls', '-l']],
    ['grep -c "a b" notes.txt', ['grep', '-c', 'a b', 'notes.txt']],
    ["echo 'a\nb'", ['echo', 'a\nb']],
    ['echo a\nb', ['echo', 'a', 'b']],
    ['grep foo\\.bar f', ['grep', 'foo.bar', 'f']],
    ["grep 'foo\\.bar' f", ['grep', 'foo\\.bar', 'f']],
    ['echo a\\\\b', ['echo', 'a\\b']],
    ['echo $HOME * ; true', ['echo', '$HOME', '*', ';', 'true']],
    ['echo # ~ `x` | > & !', ['echo', '#', '~', '`x`', '|', '>', '&', '!']],
    ["''", ['']],
    ['echo \'\' ""', ['echo', '', '']],
    ['a\'b\'"c"d\\ e', ['abcd e']],
    ["it\\'s", ["it's"]],
    ['echo \\" \\\\', ['echo', '"', '\\']],
    ['echo \r\v\f', ['echo', '\r\v\f']],
    ['echo \xff\xe9', ['echo', '\xff\xe9']],
  ])('%j into %j', (text, words) => {
    expect(valueOf(splitWords(text))).toEqual(words);
  });

  test.each([
    ['"\\$ \\` \\" \\\\"', '$ ` " \\'],
    ['"\\a \\n \\\' \\*"', "\\a \\n \\' \\*"],
    ['"a\\\nb"', 'ab'],
    ['"a\nb"', 'a\nb'],
    ['"it\'s"', "it's"],
  ])('with the backslashes of double quotes: %j is %j', (text, word) => {
    expect(valueOf(splitWords(text))).toEqual([word]);
  });

  test('with a backslash before a line feed as nothing at all', () => {
    expect(valueOf(splitWords('a\\\nb'))).toEqual(['ab']);
    expect(valueOf(splitWords('a \\\n b'))).toEqual(['a', 'b']);
    expectRefusal(splitWords('\\\n'), 'bad-argument', /no word/);
  });

  test('with a backslash at the very end as itself', () => {
    expect(valueOf(splitWords('a\\'))).toEqual(['a\\']);
    expect(valueOf(splitWords('\\'))).toEqual(['\\']);
  });

  test('as sh does, wherever nothing is to be expanded', () => {
    // A backslash is never alone, else one could meet another and lay a line feed bare, which ends a command.
    const token = fc.constantFrom(
      'a',
      'b',
      ' ',
      '\t',
      "'",
      '"',
      '\\\\',
      '\\a',
      '\\"',
      "\\'",
      '\\ ',
      '\\\n',
      '=',
    );
    const text = fc.array(token, { minLength: 1, maxLength: 12 }).map((tokens) => tokens.join(''));
    const isSplit = (command: string): boolean => splitWords(command).ok;
    fc.assert(
      fc.property(text.filter(isSplit), (command) => {
        const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'latin1' });
        expect(stdout.split('\0').slice(0, -1)).toEqual(valueOf(splitWords(command)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a command is refused', () => {
  test.each(['', ' ', '\t\n ', '\\\n'])('where it has no word: %j', (text) => {
    expectRefusal(splitWords(text), 'bad-argument', /^the command has no word$/);
  });

  test.each([
    ["echo 'a b", /^the quote ' in ''a b' is not closed: close it, or write \\' for an apostrophe$/],
    ["don't", /^the quote ' in ''t' is not closed/],
    ['echo "a', /^the quote " in '"a' is not closed: close it, or write \\" for a quote of its own$/],
    ['echo "a\\"', /^the quote " in '"a\\"' is not closed/],
    ['echo "a\\', /is not closed/],
  ])('where a quote is not closed: %j', (text, message) => {
    expectRefusal(splitWords(text), 'bad-argument', message);
  });

  test('without repeating a megabyte of it', () => {
    const refused = splitWords(`'${'x'.repeat(1024 * 1024)}`);
    expect(refused.ok ? 0 : refused.error.message.length).toBeLessThan(250);
  });
});

describe('words are quoted', () => {
  test.each([
    [['ls', '-l', './a=b,c@d%e'], 'ls -l ./a=b,c@d%e'],
    [['echo', ''], "echo ''"],
    [['echo', 'a b'], "echo 'a b'"],
    [['echo', "it's"], "echo 'it'\\''s'"],
    [['echo', '$HOME', '*'], "echo '$HOME' '*'"],
    [['echo', '~', '#'], "echo '~' '#'"],
  ])('%j as %s', (words, text) => {
    expect(quoteWords(words)).toBe(text);
  });

  test('so that splitting gives the same words, whatever they are', () => {
    const word = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom("'", '"', '\\', '\n', ' ', ''),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        expect(valueOf(splitWords(quoteWords(words)))).toEqual(words);
      }),
    );
  });

  test('so that sh reads the same words', () => {
    const words = ['a b', "it's", '$HOME', '`x`', '"', '\\', 'a\nb', '*', '~', '', '#'];
    const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${quoteWords(words)}`], { encoding: 'latin1' });
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });
});

test('splitting takes time in proportion to the length, whatever the text is', () => {
  for (const piece of ["''", '""', '\\a', '"\\a', ' a', "a'"]) {
    const text = piece.repeat(1024 * 256);
    expect(typeof splitWords(text).ok).toBe('boolean');
  }
});

test('splitting never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof splitWords(text).ok === 'boolean'));
});
