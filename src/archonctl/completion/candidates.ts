import { EVENT_KINDS, UNIT_STATES } from '../../base/vocabulary.ts';
import { GLOBAL_OPTIONS } from '../options/global.ts';
import type { OptionSpec, OptionTable, Order } from '../options/option.ts';
import { SORT_KEYS } from '../top/sort.ts';
import type { Verb } from '../verb.ts';

/** What could stand at a place of a command line. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  /** The labels of units, but those that stand there already. */
  | { readonly kind: 'labels'; readonly without: readonly string[] }
  | { readonly kind: 'files' }
  /** The name of a program. */
  | { readonly kind: 'command' };

/** A word, and what it is; empty where it speaks for itself. */
export type Candidate = readonly [word: string, does: string];

/** What completion has to know of the verbs. */
export interface KnownVerbs {
  /** Names, aliases too, with their summaries. */
  readonly names: readonly Candidate[];
  load(name: string): Promise<Verb | undefined>;
}

const NOTHING: Candidates = { kind: 'words', words: [] };
const FILES: Candidates = { kind: 'files' };

const SIGNALS = 'HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH'.split(' ');

/** Values of options by the options' names; of those that are not here nothing is known. */
const VALUES: Readonly<Record<string, Candidates>> = {
  socket: FILES,
  cwd: FILES,
  svg: FILES,
  for: plain(UNIT_STATES),
  kind: plain(EVENT_KINDS),
  sort: plain(SORT_KEYS),
  signal: plain(SIGNALS),
  'stop-signal': plain(SIGNALS),
  scope: plain(['main', 'group', 'tree']),
  protocol: plain(['tcp', 'udp']),
  restart: plain(['always', 'on-failure', 'never']),
};

/** Operands by what the verbs call them, where that is not plainly a list of labels. */
const OPERANDS: Readonly<Record<string, Candidates>> = {
  label: { kind: 'labels', without: [] },
  glob: { kind: 'labels', without: [] },
  file: FILES,
  arg: FILES,
  command: { kind: 'command' },
  program: { kind: 'command' },
  shell: plain(['bash', 'zsh', 'fish']),
  action: plain(['check', 'test', 'replay', 'reload']),
  order: plain(['start', 'stop']),
  what: plain(['config', 'graph', 'ports', 'rules', 'state']),
};

/** What has been read of a line up to the word that is to be completed. */
interface Read {
  /** The option whose value the word is to be. */
  readonly waiting: string | undefined;
  /** Words that are no options. */
  readonly words: readonly string[];
  /** Where the words begin of which the first is no option. */
  readonly wordsAt: number;
  /** No option is expected any more. */
  readonly isClosed: boolean;
}

/** What could stand in the place of the last word, of which a part may be there. `line` is what follows `archonctl`. */
export async function candidatesFor(line: readonly string[], verbs: KnownVerbs): Promise<Candidates> {
  const before = line.slice(0, -1);
  const current = line.at(-1) ?? '';
  const globals = readLine(before, GLOBAL_OPTIONS, 'options-first');
  const [name] = globals.words;
  if (name === undefined) {
    if (globals.waiting !== undefined) return VALUES[globals.waiting] ?? NOTHING;
    return current.startsWith('-') ? optionsIn(GLOBAL_OPTIONS) : { kind: 'words', words: verbs.names };
  }
  if (name === 'help') return { kind: 'words', words: globals.words.length > 1 ? [] : verbs.names };
  const verb = await verbs.load(name);
  return verb === undefined ? NOTHING : inVerb(verb, before.slice(globals.wordsAt + 1), current);
}

function inVerb(verb: Verb, before: readonly string[], current: string): Candidates {
  const table: OptionTable = { ...GLOBAL_OPTIONS, ...verb.options };
  const { waiting, words, isClosed } = readLine(before, table, verb.order);
  if (waiting !== undefined) return VALUES[waiting] ?? NOTHING;
  if (!isClosed && current.startsWith('--') && current.includes('=')) {
    const option = current.slice(2, current.indexOf('='));
    return withPrefix(`--${option}=`, VALUES[option] ?? NOTHING);
  }
  if (!isClosed && current.startsWith('-')) return optionsIn(table);
  return operandAt(verb.operands, words);
}

/** What the next operand could be. Of what follows a command, files. */
function operandAt(operands: readonly string[], words: readonly string[]): Candidates {
  const last = operands.at(-1) ?? '';
  const operand = operands[words.length] ?? (last.includes('...') ? last : '');
  const [, name = ''] = /^[<[]([\w-]+)/.exec(operand) ?? [];
  const candidates = OPERANDS[name] ?? NOTHING;
  if (candidates.kind === 'command' && words.length > 0) return FILES;
  return candidates.kind === 'labels' ? { kind: 'labels', without: words } : candidates;
}

function readLine(line: readonly string[], table: OptionTable, order: Order): Read {
  const words: string[] = [];
  let waiting: string | undefined;
  for (const [at, word] of line.entries()) {
    if (waiting !== undefined) {
      waiting = undefined;
    } else if (word === '--') {
      return { waiting, words: [...words, ...line.slice(at + 1)], wordsAt: at + 1, isClosed: true };
    } else if (word.startsWith('-') && word !== '-') {
      waiting = valueOption(word, table);
    } else if (order === 'options-first') {
      return { waiting, words: line.slice(at), wordsAt: at, isClosed: true };
    } else {
      words.push(word);
    }
  }
  return { waiting, words, wordsAt: line.length, isClosed: false };
}

/** The long name of an option that takes its value from the next word. */
function valueOption(word: string, table: OptionTable): string | undefined {
  if (word.includes('=')) return undefined;
  const isNamed = ([name, { short }]: readonly [string, OptionSpec]): boolean =>
    word.startsWith('--') ? name === word.slice(2) : short === word.slice(1);
  const [name, spec] = Object.entries(table).find(isNamed) ?? [];
  return spec?.value === undefined ? undefined : name;
}

function optionsIn(table: OptionTable): Candidates {
  const long = Object.entries(table).map(([name, { help }]) => [`--${name}`, help] as const);
  return { kind: 'words', words: [...long, ['--help', 'what it does']] };
}

function plain(words: readonly string[]): Candidates {
  return { kind: 'words', words: words.map((word) => [word, ''] as const) };
}

function withPrefix(prefix: string, candidates: Candidates): Candidates {
  if (candidates.kind !== 'words') return candidates;
  return {
    kind: 'words',
    words: candidates.words.map(([word, does]) => [`${prefix}${word}`, does] as const),
  };
}
