import type { Failure } from './failure.ts';
import { refuse } from './failure.ts';
import { ok, type Result } from './result.ts';
import { show } from './show.ts';

/** The words of a command; there is always one, the program. */
export type Words = readonly [string, ...string[]];

const PLAIN_RUN = /[^ \t\n'"\\]+/y;
const DOUBLE_QUOTED_RUN = /[^"\\]+/y;

/**
 * The words of a command line by the quoting of the POSIX shell (XCU 2.2) and nothing else of it: what
 * stands for itself in quotes does so here, and every other character always does. Words are separated
 * by blanks, tabs and line feeds. A backslash at the very end stands for itself, as in `sh -c`.
 * Characters may be those of a text or bytes. `bad-argument` for an unclosed quote or no word at all.
 */
export function splitWords(text: string): Result<Words, Failure> {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === ' ' || character === '\t' || character === '\n') {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else if (character === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return unclosed("'", text, at);
      word = (word ?? '') + text.slice(at + 1, end);
      at = end + 1;
    } else if (character === '"') {
      const quoted = doubleQuoted(text, at + 1);
      if (quoted === undefined) return unclosed('"', text, at);
      word = (word ?? '') + quoted.content;
      at = quoted.end + 1;
    } else if (character === '\\') {
      // A backslash before a line feed joins two lines and begins no word.
      if (text[at + 1] !== '\n') word = (word ?? '') + (text[at + 1] ?? '\\');
      at += 2;
    } else {
      const run = runAt(PLAIN_RUN, text, at);
      word = (word ?? '') + run;
      at += run.length;
    }
  }
  if (word !== undefined) words.push(word);
  const [program, ...rest] = words;
  return program === undefined ? refuse('bad-argument', 'the command has no word') : ok([program, ...rest]);
}

function doubleQuoted(
  text: string,
  from: number,
): { readonly content: string; readonly end: number } | undefined {
  let content = '';
  let at = from;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '"') return { content, end: at };
    if (character === '\\') {
      const next = text.charAt(at + 1);
      if (next === '' || !'$`"\\\n'.includes(next)) content += '\\' + next;
      else if (next !== '\n') content += next;
      at += 2;
    } else {
      const run = runAt(DOUBLE_QUOTED_RUN, text, at);
      content += run;
      at += run.length;
    }
  }
  return undefined;
}

function runAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function unclosed(quote: string, text: string, at: number): ReturnType<typeof refuse> {
  const hint = quote === "'" ? "write \\' for an apostrophe" : 'write \\" for a quote of its own';
  return refuse(
    'bad-argument',
    `the quote ${quote} in ${show(text.slice(at))} is not closed: close it, or ${hint}`,
  );
}

/** A command line that `splitWords` takes apart into exactly these words; a person can read it, and a shell too. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
