import { takeValue, type OptionSpec, type OptionTable, type Order, type Parsed } from './option.ts';

/**
 * Takes a plain command line apart: `--name`, `--name VALUE`, `--name=VALUE`, `-n`, `-n VALUE`, and `--`
 * which ends the options. Undefined for anything else, right or wrong; then commander has the word
 * (explain.ts), whose loading takes longer than all else that archonctl does. A test holds the two together.
 */
export function parseQuickly(table: OptionTable, line: readonly string[], order: Order): Parsed | undefined {
  const given: Record<string, string | true | string[]> = {};
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    const word = line[at] ?? '';
    at += 1;
    if (word === '--') {
      words.push(...line.slice(at));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      if (order === 'options-anywhere') continue;
      words.push(...line.slice(at));
      break;
    }
    const [written, glued] = halves(word);
    const named = findOption(table, written);
    if (named === undefined) return undefined;
    const [name, spec] = named;
    if (spec.value === undefined) {
      if (glued !== undefined) return undefined;
      given[name] = true;
      continue;
    }
    const value = glued ?? line[at];
    if (glued === undefined) at += 1;
    const taken = value === undefined ? undefined : takeValue(spec, value);
    if (taken?.ok !== true) return undefined;
    if (spec.many === true) (given[name] = (given[name] as string[] | undefined) ?? []).push(taken.value);
    else given[name] = taken.value;
  }
  return { given, words };
}

/** An option as it stands, and the value behind its equals sign. */
function halves(word: string): readonly [string, string | undefined] {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

function findOption(table: OptionTable, written: string): readonly [string, OptionSpec] | undefined {
  if (written.startsWith('--')) {
    const name = written.slice(2);
    const spec = Object.hasOwn(table, name) ? table[name] : undefined;
    return spec === undefined ? undefined : [name, spec];
  }
  const short = written.slice(1);
  return Object.entries(table).find(([, spec]) => spec.short === short);
}
