import type { Failure } from './failure.ts';
import { refuse } from './failure.ts';
import { ok, type Result } from './result.ts';
import { show } from './show.ts';

/** A label becomes the name of a file of the log folder: no part may be longer, `.err.log` added. */
export const MAX_PART_CHARACTERS = 200;
export const MAX_LABEL_CHARACTERS = 255;

/** A generated label leaves room for any number behind it. */
const MAX_BASE_CHARACTERS = MAX_PART_CHARACTERS - 20;

/** Of the name of a process; each empty part between slashes becomes a character more. Linux has 15. */
const MAX_NAME_CHARACTERS = 100;

/** A valid label without slashes, the common case, told by one look (`.`, `..` and `.log` excluded by the lookahead). */
const ONE_PART = /^(?!\.{1,2}$|.*\.log$)[A-Za-z0-9_.:+][A-Za-z0-9_.:@+-]{0,199}$/;

/**
 * `text` if it is a label by the protocol page: 1 to 255 characters of `[A-Za-z0-9_.:/@+-]`, not beginning
 * with `/`, `-` or `@`, no part between slashes empty, `.`, `..`, over 200 characters or ending in `.log`.
 * Else `bad-argument` that says which of these it breaks.
 */
export function parseLabel(text: string): Result<string, Failure> {
  const fault = ONE_PART.test(text) ? undefined : faultOf(text);
  return fault === undefined ? ok(text) : refuse('bad-argument', `${show(text)} cannot be a label: ${fault}`);
}

function faultOf(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (text.length > MAX_LABEL_CHARACTERS) return `it is longer than ${MAX_LABEL_CHARACTERS} characters`;
  const [foreign] = /[^A-Za-z0-9_.:/@+-]/.exec(text) ?? [];
  if (foreign !== undefined) return `${nameOf(foreign)} is none of the characters A-Z a-z 0-9 _ . : / @ + -`;
  const [first] = /^[/@-]/.exec(text) ?? [];
  if (first !== undefined) return `it begins with ${first}`;
  for (const part of text.split('/')) {
    if (part === '') return 'a part between slashes is empty';
    if (part === '.' || part === '..') return `a part between slashes is ${part}`;
    if (part.length > MAX_PART_CHARACTERS) return `a part is longer than ${MAX_PART_CHARACTERS} characters`;
    if (part.endsWith('.log')) return 'a part ends in .log';
  }
  return undefined;
}

function nameOf(character: string): string {
  if (character === ' ') return 'a blank';
  const code = character.charCodeAt(0);
  return code > 0x20 && code < 0x7f ? character : `the character 0x${code.toString(16).padStart(2, '0')}`;
}

/**
 * A label for a command without one, `taken` telling which exist: the last part of its path, each character
 * that a label may not have made `_`, with `-2`, `-3` … added while it is taken. Always a valid label.
 */
export function labelOfCommand(path: string, taken: (label: string) => boolean): string {
  return freeLabel(labelPart(lastPart(path)), taken);
}

/** The same for a process by its own name, which is no path: slashes may stand in a label. */
export function labelOfProcess(name: string, taken: (label: string) => boolean): string {
  const base = name.slice(0, MAX_NAME_CHARACTERS).split('/').map(labelPart).join('/');
  return freeLabel(base, taken);
}

function freeLabel(base: string, taken: (label: string) => boolean): string {
  let label = base;
  for (let number = 2; taken(label); number += 1) label = `${base}-${number}`;
  return label;
}

function labelPart(text: string): string {
  const part = text.slice(0, MAX_BASE_CHARACTERS).replace(/[^A-Za-z0-9_.:@+-]/g, '_');
  const base = part.replace(/^[@-]/, '_').replace(/\.log$/, '_log');
  return base === '' || base === '.' || base === '..' ? '_' : base;
}

function lastPart(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return end === 0 ? '' : path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}
