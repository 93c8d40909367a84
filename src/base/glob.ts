import type { Failure } from './failure.ts';
import { compilePattern, type Pattern } from './glob-pattern.ts';
import { ok, type Result } from './result.ts';

/** A compiled `<glob>`. */
export interface Glob {
  readonly text: string;
  readonly matches: (label: string) => boolean;
}

/** Whether `text` is a glob rather than a plain label: it has one of the characters that begin something, `*`, `?`, `[`, `{`. */
export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text);
}

/**
 * A glob: `*` any run of characters (slashes too), `?` one, `[…]` one of a set (`[a-z]`, `[!a]` and `[^a]` one
 * that is not in it, `]` first stands for itself), `{a,b}` either (nested if need be). All else stands for
 * itself. `bad-argument` for what is unclosed or a range the wrong way round, `limit` for more than 4,096 characters.
 *
 * Matching takes steps in proportion to the product of both lengths at worst, whatever the pattern: all
 * states that the pattern may be in are followed side by side, nothing is tried twice.
 */
export function compileGlob(text: string): Result<Glob, Failure> {
  const literal = /^[^*?[{]*/.exec(text)?.[0] ?? '';
  const rest = text.slice(literal.length);
  if (rest === '') return ok({ text, matches: (label) => label === literal });
  if (rest === '*') return ok({ text, matches: (label) => label.startsWith(literal) });
  const pattern = compilePattern(text, literal.length);
  if (!pattern.ok) return pattern;
  const run = runner(pattern.value);
  return ok({ text, matches: (label) => label.startsWith(literal) && run(label, literal.length) });
}

/** Follows all states of the pattern at once over a label, from `from` on. */
function runner(pattern: Pattern): (label: string, from: number) => boolean {
  const { steps } = pattern;
  /** For each state the round in which it was last entered, so that it is entered once a round. */
  const enteredIn = new Float64Array(steps.length);
  const open: number[] = [];
  let round = 0;
  let current: number[] = [];
  let following: number[] = [];

  function enter(state: number, into: number[]): void {
    open.push(state);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (enteredIn[at] === round) continue;
      enteredIn[at] = round;
      const step = steps[at];
      if (step?.kind === 'fork') open.push(...step.to);
      else into.push(at);
    }
  }

  return (label, from) => {
    round += 1;
    current.length = 0;
    enter(pattern.start, current);
    for (let at = from; at < label.length && current.length > 0; at += 1) {
      const character = label.charCodeAt(at);
      round += 1;
      following.length = 0;
      for (const state of current) {
        const step = steps[state];
        if (step?.kind === 'one' && step.accepts(character)) enter(step.next, following);
      }
      [current, following] = [following, current];
    }
    return current.includes(pattern.end);
  };
}
