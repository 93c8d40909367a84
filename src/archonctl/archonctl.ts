import { nearest } from '../base/nearest.ts';
import { show } from '../base/show.ts';
import { VERSION } from '../base/version.ts';
import type { Caller } from './caller.ts';
import type { Form } from './options/explain.ts';
import { GLOBAL_OPTIONS, readGlobals } from './options/global.ts';
import type { Given, OptionTable } from './options/option.ts';
import { readLine, type Instead } from './options/read.ts';
import { printable } from './print/printable.ts';
import { realScreen, type Screen } from './print/screen.ts';
import { EXIT, type Verb } from './verb.ts';
import { findVerb, VERBS } from './verbs/table.ts';

type GlobalsGiven = Given<typeof GLOBAL_OPTIONS>;

/** Carries out a command line; resolves with the exit code. */
export async function archonctl(caller: Caller): Promise<number> {
  const words = caller.words();
  const plain = realScreen(false);
  const before = await readLine(programForm(), words, plain);
  if (!before.ok) return printInstead(plain, before.error);
  const [word = '', ...rest] = before.value.words;
  if (word === 'help') return archonctl({ ...caller, words: () => helpLine(rest) });
  const found = findVerb(word);
  if (found === undefined) {
    const meant = nearest(word, Object.keys(VERBS));
    const hint = meant === undefined ? 'see archonctl --help' : `did you mean ${meant}?`;
    plain.complain(`${printable(show(word))} is none of its verbs; ${hint}`);
    return EXIT.wrongUse;
  }
  return carryOut(await found[1].load(), rest, before.value.given, caller, plain);
}

async function carryOut(
  verb: Verb,
  line: readonly string[],
  givenBefore: GlobalsGiven,
  caller: Caller,
  plain: Screen,
): Promise<number> {
  const read = await readLine(verbForm(verb), line, plain);
  if (!read.ok) return printInstead(plain, read.error);
  const { given, words } = read.value;
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => name in verb.options));
  const behind = Object.fromEntries(Object.entries(given).filter(([name]) => !(name in verb.options)));
  const globals = readGlobals({ ...givenBefore, ...behind }, caller.env);
  if (!globals.ok) {
    plain.complain(printable(globals.error.message));
    return EXIT.wrongUse;
  }
  const screen = realScreen(globals.value.wantsColour);
  const hasDashes = line.at(line.length - words.length - 1) === '--' && line.length > words.length;
  return verb.run({ given: own, words, hasDashes, globals: globals.value, screen, caller, verbs: VERBS });
}

function printInstead(screen: Screen, instead: Instead): number {
  if (instead.kind === 'asked') {
    screen.out(instead.text);
    return EXIT.done;
  }
  screen.complain(printable(instead.sentence));
  return EXIT.wrongUse;
}

/** `archonctl help VERB` is `archonctl VERB --help`. */
function helpLine([verb]: readonly string[]): readonly string[] {
  return verb === undefined || verb === 'help' ? ['--help'] : [verb, '--help'];
}

function programForm(): Form {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length));
  const verbs = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`);
  return {
    title: 'archonctl',
    operands: ['<verb>', '[words...]'],
    order: 'options-first',
    options: [['Options of every verb:', GLOBAL_OPTIONS]],
    description: 'Speaks to archond, the supervisor.',
    rest:
      `Verbs (archonctl VERB --help tells more):\n${verbs.join('')}\n` +
      'Each of these options may also be set in the environment: ARCHON_SOCKET, ARCHON_JSON=1 and so on.\n\n' +
      'Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 not in that state, 4 no such unit, 69 the ' +
      'supervisor\ncannot be reached; run ends as the command did.\n',
    version: VERSION,
  };
}

function verbForm(verb: Verb): Form {
  const globals: OptionTable = Object.fromEntries(
    Object.entries(GLOBAL_OPTIONS).filter(([name]) => !(name in verb.options)),
  );
  const examples = verb.examples.map(([line, does]) => `  archonctl ${line}\n      ${does}\n`);
  return {
    title: `archonctl ${verb.name}`,
    operands: verb.operands,
    order: verb.order,
    options: [
      ['Options:', verb.options],
      ['Options of every verb:', globals],
    ],
    description: verb.description,
    rest: `Examples:\n${examples.join('')}`,
  };
}
