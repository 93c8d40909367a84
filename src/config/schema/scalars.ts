import { parseDuration } from '../../base/duration.ts';
import { parseLabel } from '../../base/label.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { listing } from '../../base/show.ts';
import { signalNumber } from '../../base/signals.ts';
import { parseSize } from '../../base/size.ts';
import { splitWords, type Words } from '../../base/words.ts';
import { ANY_TEXT, leaf, textLike, wholeLike, wordLike, type Leaf } from './leaf.ts';

const DURATION = '0|[0-9]+(?:ms|s|m|h|d)';
const SIZE = '[0-9]+[KMGT]?';
const LEAST_MEMORY_BYTES = 65_536;
const LEAST_CPU_PERCENT = 0.1;

/** A result of `base` for a leaf: what is wrong is said by what the leaf expects. */
function plainly<T>(result: Result<T, unknown>): Result<T, undefined> {
  return result.ok ? result : err(undefined);
}

/** A text that is not empty. */
export function text(expected: string): Leaf<string> {
  return leaf(expected, ANY_TEXT, (found) => (found === '' ? err(undefined) : ok(found)));
}

/** `true` or `false`, in the spellings of YAML's core schema. */
export const truth: Leaf<boolean> = leaf(
  'true or false',
  { anyOf: [{ type: 'boolean' }, textLike('true|false')] },
  (found) =>
    /^(?:true|True|TRUE|false|False|FALSE)$/.test(found)
      ? ok(found.toLowerCase() === 'true')
      : err(undefined),
);

/** The numbers of YAML's core schema that are whole. */
const WHOLE = /^(?:[-+]?[0-9]{1,16}|0o[0-7]{1,16}|0x[0-9a-fA-F]{1,13})$/;

/** A whole number in the bounds, both included. */
export function whole(least: number, most: number, what = 'a whole number'): Leaf<number> {
  return leaf(`${what} from ${least} to ${most}`, wholeLike(least, most), (found) => {
    const number = WHOLE.test(found) ? Number(found) : NaN;
    return number >= least && number <= most ? ok(number) : err(undefined);
  });
}

/** A number with fraction, in the bounds, both included. */
export function decimal(least: number, most: number): Leaf<number> {
  const json = {
    anyOf: [{ type: 'number', minimum: least, maximum: most }, textLike('[0-9]+(?:[.][0-9]+)?')],
  };
  return leaf(`a number from ${least} to ${most}`, json, (found) => {
    const number = /^[0-9]{1,16}(?:\.[0-9]{1,16})?$/.test(found) ? Number(found) : NaN;
    return number >= least && number <= most ? ok(number) : err(undefined);
  });
}

/** One of the words. */
export function oneOf<const W extends string>(...words: readonly W[]): Leaf<W> {
  return leaf(listing(words), wordLike(words), (found) => {
    const word = words.find((candidate) => candidate === found);
    return word === undefined ? err(undefined) : ok(word);
  });
}

/** A duration in milliseconds. */
export const duration: Leaf<number> = leaf(
  'a duration such as 250ms, 5s, 2m, 1h or 1d',
  { anyOf: [{ const: 0 }, textLike(DURATION)] },
  (found) => plainly(parseDuration(found)),
);

/** A size in bytes. */
export const size: Leaf<number> = leaf(
  'a size such as 4096, 64K, 500M or 2G',
  { anyOf: [{ type: 'integer', minimum: 0 }, textLike(SIZE)] },
  (found) => plainly(parseSize(found)),
);

/** A share of processors in percent: 100 is one of them. */
export const percent: Leaf<number> = leaf(
  'a percentage such as 90%',
  textLike('[0-9]+(?:[.][0-9]+)?%'),
  percentOf,
);

function percentOf(found: string): Result<number, undefined> {
  const number = /^[0-9]{1,6}(?:\.[0-9]{1,3})?%$/.test(found) ? Number(found.slice(0, -1)) : 0;
  return number > 0 ? ok(number) : err(undefined);
}

/** The memory of a tree in bytes: a program needs some to come to its first instruction. */
export const memoryMax: Leaf<number> = leaf(
  'a size of at least 64K, such as 500M',
  { anyOf: [{ type: 'integer', minimum: LEAST_MEMORY_BYTES }, textLike(SIZE)] },
  (found) => {
    const parsed = plainly(parseSize(found));
    return parsed.ok && parsed.value < LEAST_MEMORY_BYTES ? err(undefined) : parsed;
  },
);

/** A share of processors that the kernel can hold a tree to (sched-bwc.rst: 1 ms in each second). */
export const cpuMax: Leaf<number> = leaf(
  'a percentage of at least 0.1%, such as 90%',
  textLike('[0-9]+(?:[.][0-9]+)?%'),
  (found) => {
    const parsed = percentOf(found);
    return parsed.ok && parsed.value < LEAST_CPU_PERCENT ? err(undefined) : parsed;
  },
);

/** A signal, by its name or number. */
export const signal: Leaf<number> = leaf('a signal such as SIGTERM', ANY_TEXT, (found) =>
  plainly(signalNumber(found)),
);

/** A label, as it is used to name a unit. */
export const label: Leaf<string> = leaf('a label', ANY_TEXT, (found) => {
  const result = parseLabel(found);
  return result.ok ? result : err(`a label: ${result.error.message}`);
});

/** A path; one that is relative has been taken from the folder of its file before. */
export const path: Leaf<string> = text('a path');

/** A command line: words by POSIX quoting, no shell. */
export const commandLine: Leaf<Words> = leaf('a command', ANY_TEXT, (found) => {
  const words = splitWords(found);
  if (!words.ok) return err(`a command: ${words.error.message}`);
  return words.value[0] === '' ? err('a command whose first word is not empty') : words;
});

/** Permissions that are taken away, in octal. */
export const umask: Leaf<number> = leaf(
  'an octal number from 0 to 777',
  { anyOf: [{ type: 'integer', minimum: 0, maximum: 777 }, textLike('(?:0o)?[0-7]{1,4}')] },
  (found) => {
    const mask = /^(?:0o)?[0-7]{1,4}$/.test(found) ? parseInt(found.replace('0o', ''), 8) : NaN;
    return mask <= 0o777 ? ok(mask) : err(undefined);
  },
);
