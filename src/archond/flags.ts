import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { VERSION } from '../base/version.ts';
import { LOG_LEVELS, TREE_CHOICES, type LogLevel, type TreeChoice } from './settings.ts';

/** archond's flags as they were given; see `archond --help`. */
export interface Flags {
  /** As they were given, in order; empty: see `configurationPaths`. */
  readonly config: readonly string[];
  /** Only to say what is wrong with the configuration. */
  readonly check: boolean;
  readonly socket?: string;
  readonly state?: string;
  readonly runtime?: string;
  readonly logDir?: string;
  readonly rules?: string;
  readonly foreground: boolean;
  readonly logLevel: LogLevel;
  readonly tree: TreeChoice;
  /** See `Settings.isSafe`. */
  readonly safe: boolean;
  /** A debugger may hold archond for as long as it likes. */
  readonly debug: boolean;
}

/** Wrong use, by the contract's exit codes. */
const WRONG_USE = 2;

function path(value: string): string {
  if (value === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

function paths(value: string, before: readonly string[]): readonly string[] {
  return [...before, path(value)];
}

/** A flag without a value, from the environment. */
function isSet(value: string | undefined): boolean | undefined {
  if (value === undefined || value === '' || value === '0') return false;
  return value === '1' ? true : undefined;
}

function command(): Command {
  return new Command('archond')
    .description('The supervisor: starts what it is asked to, keeps it up, and loses nothing.')
    .version(VERSION)
    .addOption(
      new Option('--config <path>', 'a file, or a folder of files (repeatable)')
        .argParser(paths)
        .default([], '$ARCHON_CONFIG, or the usual file'),
    )
    .addOption(new Option('--socket <path>', 'where it answers').argParser(path).env('ARCHON_SOCKET'))
    .addOption(new Option('--state <dir>', 'what must outlast a boot').argParser(path).env('ARCHON_STATE'))
    .addOption(new Option('--runtime <dir>', 'table and socket').argParser(path).env('ARCHON_RUNTIME'))
    .addOption(
      new Option('--log-dir <dir>', 'output of what it starts').argParser(path).env('ARCHON_LOG_DIR'),
    )
    .addOption(new Option('--rules <dir>', 'rules, *.lua').argParser(path).env('ARCHON_RULES'))
    .addOption(
      new Option('--check', 'say what is wrong with the configuration and start nothing').default(false),
    )
    .addOption(new Option('--foreground', 'stay, and log to standard error').default(false))
    .addOption(
      new Option('--log-level <level>', 'least that is logged')
        .choices(LOG_LEVELS)
        .default('info')
        .env('ARCHON_LOG_LEVEL'),
    )
    .addOption(
      new Option('--tree <kind>', 'what keeps processes together')
        .choices(TREE_CHOICES)
        .default('auto')
        .env('ARCHON_TREE'),
    )
    .addOption(
      new Option(
        '--safe',
        'without the end of the journal, and with no or the last configuration at worst',
      ).default(false),
    )
    .addOption(new Option('--debug', 'not ended by the keeper while a debugger holds it').default(false))
    .addHelpText(
      'after',
      `
Each flag may also be given as an environment variable, ARCHON_SOCKET for --socket and so on.

Examples:
  archond --foreground --socket /tmp/me/archon.sock --state /tmp/me/state
  archond --check --config /etc/archon/archon.yaml
  archond                 goes to the background once it answers
`,
    )
    .allowExcessArguments(false)
    .exitOverride();
}

/**
 * The flags of a command line. Prints help or version and ends with 0 where these are asked for, and
 * with 2 and a sentence where the line is wrong.
 */
export function readFlags(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Flags {
  const parser = command();
  try {
    const flags = parser.parse(argv).opts<Flags>();
    const set = (name: string): boolean =>
      isSet(env[name]) ?? parser.error(`error: ${name} is neither 1 nor 0`);
    return {
      ...flags,
      foreground: flags.foreground || set('ARCHON_FOREGROUND'),
      check: flags.check || set('ARCHON_CHECK'),
      safe: flags.safe || set('ARCHON_SAFE'),
      debug: flags.debug || set('ARCHON_DEBUG'),
    };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exit(error.exitCode === 0 ? 0 : WRONG_USE);
  }
}
