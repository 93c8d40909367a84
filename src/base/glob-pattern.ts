import type { Failure } from './failure.ts';
import { refuse } from './failure.ts';
import { ok, type Result } from './result.ts';
import { show } from './show.ts';

/** A label has 255 characters at most; what is longer than this is a list that belongs into several fields. */
const MAX_GLOB_CHARACTERS = 4096;

/** One state of a pattern: it goes on without a character (`fork`), over one (`one`), or is the last (`end`). */
export type Step =
  | { readonly kind: 'fork'; readonly to: readonly number[] }
  | { readonly kind: 'one'; readonly next: number; readonly accepts: (character: number) => boolean }
  | { readonly kind: 'end' };

/** A glob as a machine without memory (Thompson's construction); states are places in `steps`. */
export interface Pattern {
  readonly steps: readonly Step[];
  readonly start: number;
  readonly end: number;
}

/** An open `{`: where its alternatives begin, and the last state of each that is complete. */
interface Brace {
  readonly at: number;
  readonly begins: number[];
  readonly ends: number[];
}

/** The machine of `text` from its character `from` on, by the rules of `compileGlob`. */
export function compilePattern(text: string, from: number): Result<Pattern, Failure> {
  if (text.length > MAX_GLOB_CHARACTERS) {
    return refuse('limit', `the glob ${show(text)} is longer than ${MAX_GLOB_CHARACTERS} characters`);
  }
  // Every step leads from a state to one that is made later, but that of `*`, which leads to itself.
  const steps: Step[] = [];
  const braces: Brace[] = [];
  const fresh = (): number => steps.push({ kind: 'end' }) - 1;
  const fork = (state: number, to: number[]): void => {
    steps[state] = { kind: 'fork', to };
  };
  let state = fresh();
  const start = state;
  const over = (accepts: (character: number) => boolean): void => {
    const next = fresh();
    steps[state] = { kind: 'one', next, accepts };
    state = next;
  };

  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at);
    const brace = braces.at(-1);
    if (character === '*') {
      // A second star in a row adds nothing but work.
      if (text[at - 1] === '*' && at > from) continue;
      const loop = fresh();
      const next = fresh();
      fork(state, [loop, next]);
      steps[loop] = { kind: 'one', next: state, accepts: () => true };
      state = next;
    } else if (character === '?') {
      over(() => true);
    } else if (character === '[') {
      const set = parseSet(text, at);
      if (!set.ok) return set;
      over(set.value.accepts);
      at = set.value.end;
    } else if (character === '{') {
      const begin = fresh();
      braces.push({ at: state, begins: [begin], ends: [] });
      state = begin;
    } else if (character === ',' && brace !== undefined) {
      brace.ends.push(state);
      state = fresh();
      brace.begins.push(state);
    } else if (character === '}' && brace !== undefined) {
      braces.pop();
      fork(brace.at, brace.begins);
      const join = fresh();
      for (const end of [...brace.ends, state]) fork(end, [join]);
      state = join;
    } else {
      const code = character.charCodeAt(0);
      over((other) => other === code);
    }
  }
  return braces.length === 0 ? ok({ steps, start, end: state }) : unclosed('{', text);
}

interface CharacterSet {
  readonly accepts: (character: number) => boolean;
  /** Place of the closing bracket. */
  readonly end: number;
}

/** The set whose `[` stands at `begin`. */
function parseSet(text: string, begin: number): Result<CharacterSet, Failure> {
  const negated = text[begin + 1] === '!' || text[begin + 1] === '^';
  const first = begin + (negated ? 2 : 1);
  const end = text.indexOf(']', first + 1);
  if (end < 0) return unclosed('[', text);
  const ranges: (readonly [low: number, high: number])[] = [];
  for (let at = first; at < end; at += 1) {
    const low = text.charCodeAt(at);
    const isRange = text[at + 1] === '-' && at + 2 < end;
    const high = isRange ? text.charCodeAt(at + 2) : low;
    if (high < low) {
      return refuse(
        'bad-argument',
        `the range ${text.slice(at, at + 3)} in the glob ${show(text)} is the wrong way round`,
      );
    }
    ranges.push([low, high]);
    if (isRange) at += 2;
  }
  const has = (character: number): boolean =>
    ranges.some(([low, high]) => low <= character && character <= high);
  return ok({ end, accepts: negated ? (character) => !has(character) : has });
}

function unclosed(bracket: '{' | '[', text: string): ReturnType<typeof refuse> {
  const hint = 'a comma ends a field, so put the whole field into double quotes, as in Stop,"{web,db}*"';
  return refuse('bad-argument', `unclosed ${bracket} in the glob ${show(text)}: ${hint}`);
}
