import path from 'node:path';
import { parseDuration } from '../base/duration.ts';
import { parseLabel } from '../base/label.ts';
import { err, ok, type Result } from '../base/result.ts';
import { signalNumber } from '../base/signals.ts';
import { quoteWords } from '../base/words.ts';
import type { Given, OptionTable } from './options/option.ts';
import type { Invocation } from './verb.ts';

/** The options of whatever starts a command. */
export const COMMAND_OPTIONS = {
  label: { short: 'l', value: 'LABEL', help: 'call it so', check: parseLabel },
  env: { short: 'e', value: 'NAME=value', many: true, help: 'a setting for its environment (repeatable)' },
  cwd: { value: 'DIR', help: 'begin there instead of in the present folder' },
  user: { value: 'USER', help: 'run as this user, by name or number' },
  group: { value: 'GROUP', help: 'run as this group, by name or number' },
  umask: { value: 'MASK', help: 'its umask, in octal' },
  'my-env': { help: "the environment of this shell instead of the supervisor's" },
  'clean-env': { help: 'no environment but the settings' },
  'stop-signal': { value: 'SIGNAL', help: 'how it is asked to stop (SIGTERM)', check: signalNumber },
  'stop-timeout': { value: 'DURATION', help: 'how long until it is killed then (10s)', check: parseDuration },
} as const satisfies OptionTable;

/** Options that go to the supervisor under the same name. */
const HANDED_ON = ['user', 'group', 'umask', 'stop-signal', 'stop-timeout'] as const;

const SETTING = /^[A-Za-z_][A-Za-z0-9_]*=/;

/** What the supervisor sets in each process itself, and this shell's must not replace. */
const SUPERVISORS_OWN = /^ARCHON_(?:LABEL|SOCKET)=/;

/** A command as it is to be sent: its one field, and the settings and options that follow. */
export interface Command {
  readonly words: readonly string[];
  /** `<args>` of the protocol. */
  readonly line: string;
  readonly rest: readonly string[];
}

/**
 * The words of a command line as command and settings: settings are the `NAME=value` at its end, none where `--`
 * stands before or within the words. The first word is always the command.
 */
export function splitSettings(
  words: readonly string[],
  hasDashes: boolean,
): { readonly command: readonly string[]; readonly settings: readonly string[] } {
  let end = words.length;
  if (!hasDashes && !words.includes('--')) while (end > 1 && SETTING.test(words[end - 1] ?? '')) end -= 1;
  return { command: words.slice(0, end), settings: words.slice(end) };
}

/** The command of an invocation; else a sentence that says what is wrong with it. */
export function readCommand(
  { given, words, hasDashes, caller }: Invocation & { readonly given: Given<typeof COMMAND_OPTIONS> },
  takesSettings: boolean,
): Result<Command, string> {
  const { command, settings } = splitSettings(words, hasDashes || !takesSettings);
  const [program = ''] = command;
  if (program === '') return err('the command is empty');
  if (takesSettings && !hasDashes && SETTING.test(program)) {
    return err(`${program} is a setting: write it behind the command, or as -e ${program} before it`);
  }
  const wrong = given.env?.find((setting) => !SETTING.test(setting));
  if (wrong !== undefined) return err(`-e ${wrong} is no setting: write NAME=value`);
  const folder = caller.folder();
  if (folder === undefined && given.cwd?.startsWith('/') !== true) {
    return err('the present folder has been removed: go to another, or name one with --cwd');
  }
  const options = HANDED_ON.flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [`@${name}=${value}`];
  });
  const isClean = given['my-env'] === true || given['clean-env'] === true;
  return ok({
    words: command,
    line: quoteWords(command),
    rest: [
      ...(given['my-env'] === true ? caller.environment().filter(isSendable) : []),
      ...(given.env ?? []),
      ...settings,
      `@cwd=${path.posix.resolve(folder ?? '/', given.cwd ?? '.')}`,
      ...(isClean ? ['@clean-env=1'] : []),
      ...options,
    ],
  });
}

/** Variables with other names, such as a shell's exported functions, cannot be settings. */
function isSendable(pair: string): boolean {
  return SETTING.test(pair) && !SUPERVISORS_OWN.test(pair);
}
