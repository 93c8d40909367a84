import type { Chance } from './chance.ts';
import { isHarmless } from './harmless.ts';
import { ALL_TAGS, garbage, hugeLine, mutated, validLine } from './lines.ts';
import { answerOf, expectedOf, expectedOfRest, type Answer, type Expected } from './oracle.ts';

/** What a client sends, and what is certain about the answers. */
export interface Conversation {
  readonly text: string;
  readonly expected: readonly Expected[];
}

/** A line fit to be sent, and what is certain about its answer. */
export interface Line {
  readonly line: string;
  readonly expected: Expected;
}

/** A line, or another one where it would do harm. */
export function harmless(line: string, descriptors: number): Line {
  const expected = expectedOf(line, descriptors);
  if (isHarmless(expected)) return { line, expected };
  return { line: 'Version', expected: expectedOf('Version', descriptors) };
}

/** Any line that may be sent. */
export function nextLine(chance: Chance, descriptors = 0): Line {
  return harmless(anyLine(chance).split('\n')[0] ?? '', descriptors);
}

function anyLine(chance: Chance): string {
  if (chance.onceIn(3000)) return hugeLine(chance);
  const crlf = chance.onceIn(20) ? '\r' : '';
  switch (chance.below(8)) {
    case 0:
    case 1:
      return garbage(chance) + crlf;
    case 2:
      return `Status,no-such-${chance.below(1e9)}${crlf}`;
    case 3:
    case 4:
      return validLine(chance) + crlf;
    default:
      return mutated(validLine(chance), chance) + crlf;
  }
}

/** Ends whatever may still be under way. */
export const LAST_LINES: readonly string[] = [...ALL_TAGS.map((tag) => `Cancel,${tag}`), 'Version'];

/** A whole conversation without descriptors; the input ends inside a line now and then. */
export function conversation(chance: Chance, count: number): Conversation {
  const lines = Array.from({ length: count }, () => nextLine(chance));
  for (const line of LAST_LINES) lines.push(harmless(line, 0));
  const expected = lines.map((one) => one.expected);
  const rest = chance.onceIn(4) ? nextLine(chance).line : '';
  if (rest !== '') expected.push(expectedOfRest(rest));
  return { text: `${lines.map(({ line }) => line).join('\n')}\n${rest}`, expected };
}

/** The text in pieces that end anywhere. */
export function* chunks(text: string, chance: Chance): Generator<Buffer> {
  const most = chance.pick([3, 40, 1000, 70_000]);
  for (let at = 0; at < text.length;) {
    /* Few small ones, else a long text would take for ever. */
    const size = text.length - at > 20_000 ? 60_000 : 1 + chance.below(most);
    yield Buffer.from(text.slice(at, at + size), 'latin1');
    at += size;
  }
}

const COUNTED = new Set(['list', 'tree', 'events', 'log']);

/** What is wrong with the answers to lines; each must have one closing reply, those without a tag in their order. */
export function faultOf(text: string, expected: readonly Expected[]): string | undefined {
  const answers = text.split('\n').slice(0, -1).map(answerOf);
  if (!text.endsWith('\n') && text !== '') return `the answers end inside a line: ${text.slice(-200)}`;
  const plain = expected.filter(({ tag }) => tag === undefined);
  let at = 0;
  let records = 0;
  for (const answer of answers.filter(({ tag }) => tag === undefined)) {
    if (!answer.isClosing) {
      records += 1;
      continue;
    }
    const wanted = plain[at];
    if (wanted === undefined) return `an answer too many: ${show(answer)}`;
    const fault = faultOfClosing(answer, wanted, records);
    if (fault !== undefined) return `${fault}: line ${at} (${show(wanted)}) was answered ${show(answer)}`;
    at += 1;
    records = 0;
  }
  if (at < plain.length) return `${plain.length - at} not answered, first ${show(plain[at])}`;
  return faultOfTagged(answers, expected);
}

function faultOfClosing(
  answer: Answer,
  { code, fields = [] }: Expected,
  records: number,
): string | undefined {
  if (code !== undefined) return answer.code === code ? undefined : `not ${code}`;
  const [verb = '', first = ''] = fields;
  if (verb === 'version' && fields.length === 1)
    return answer.fields[0] === 'archon' ? undefined : 'no version';
  if (verb === 'status' && /^no-such-\d+$/.test(first) && fields.length === 2) {
    const isIt = answer.code === 'not-found' && answer.fields[0]?.includes(first) === true;
    return isIt ? undefined : 'out of order';
  }
  if (COUNTED.has(verb) && answer.name === 'Ok' && Number(answer.fields[0]) !== records)
    return `there were ${records} records`;
  return undefined;
}

function faultOfTagged(answers: readonly Answer[], expected: readonly Expected[]): string | undefined {
  const tags = new Set([...answers, ...expected].flatMap(({ tag }) => (tag === undefined ? [] : [tag])));
  for (const tag of tags) {
    const closing = answers.filter((answer) => answer.tag === tag && answer.isClosing);
    const wanted = expected.filter((one) => one.tag === tag);
    if (closing.length !== wanted.length)
      return `${tag}: ${wanted.length} lines, ${closing.length} closing replies`;
    for (const code of new Set(wanted.flatMap((one) => one.code ?? []))) {
      const least = wanted.filter((one) => one.code === code).length;
      const found = closing.filter((answer) => answer.code === code).length;
      if (found < least) return `${tag}: ${least} times ${code} expected, ${found} times answered`;
    }
  }
  return undefined;
}

/** How many closing replies a text holds. */
export function closings(text: string): number {
  return text
    .split('\n')
    .slice(0, -1)
    .map(answerOf)
    .filter(({ isClosing }) => isClosing).length;
}

function show(thing: Expected | Answer | undefined): string {
  return JSON.stringify(thing ?? 'nothing').slice(0, 300);
}
