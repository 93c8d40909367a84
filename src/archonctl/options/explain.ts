import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { takeValue, type OptionSpec, type OptionTable, type Order, type Parsed } from './option.ts';

/** What a command line should look like. */
export interface Form {
  /** As a person writes it: `archonctl`, `archonctl run`. */
  readonly title: string;
  readonly operands: readonly string[];
  readonly order: Order;
  /** Groups of options, under their headings in the help. */
  readonly options: readonly (readonly [heading: string, table: OptionTable])[];
  readonly description: string;
  /** What follows the options in the help. */
  readonly rest: string;
  readonly version?: string;
}

/** A line that is as it should be after all; or the help, the version or the fault that is to be printed. */
export type Explained =
  | { readonly kind: 'parsed'; readonly parsed: Parsed }
  | { readonly kind: 'asked'; readonly text: string }
  | { readonly kind: 'wrong'; readonly sentence: string };

/** Reads a command line with commander, which knows every spelling and can say what is wrong. `columns` are those of the terminal. */
export function explain(form: Form, line: readonly string[], columns: number | undefined): Explained {
  let said = '';
  const say = (text: string): void => {
    said += text;
  };
  const command = commandOf(form).configureOutput({
    writeOut: say,
    writeErr: say,
    getOutHelpWidth: () => columns ?? 80,
    getOutHasColors: () => false,
  });
  try {
    command.parse(line, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0
      ? { kind: 'asked', text: said }
      : { kind: 'wrong', sentence: sentenceOf(error.message, form.title) };
  }
  const opts: Readonly<Record<string, unknown>> = command.opts();
  const given: Record<string, unknown> = {};
  for (const option of command.options) {
    const name = option.long?.slice(2) ?? '';
    const value = opts[option.attributeName()];
    if (option.negate ? value === false : value !== undefined) given[name] = option.negate ? true : value;
  }
  return { kind: 'parsed', parsed: { given, words: command.args } as Parsed };
}

function commandOf(form: Form): Command {
  const command = new Command(form.title)
    .usage(['[options]', ...form.operands].join(' '))
    .description(form.description)
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', `\n${form.rest}`)
    .enablePositionalOptions()
    .allowExcessArguments(false)
    .exitOverride()
    .action(() => undefined);
  if (form.version !== undefined) command.version(form.version, '-V, --version', 'print the version');
  if (form.order === 'options-first') command.passThroughOptions();
  for (const operand of form.operands) command.argument(operand);
  for (const [heading, table] of form.options) {
    command.optionsGroup(heading);
    for (const [name, spec] of Object.entries(table)) command.addOption(optionOf(name, spec));
  }
  return command;
}

function optionOf(name: string, spec: OptionSpec): Option {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  const value = spec.value === undefined ? '' : ` <${spec.value}>`;
  const option = new Option(`${short}--${name}${value}`, spec.help);
  if (spec.value === undefined) return option;
  return option.argParser((text, previous: unknown) => {
    const taken = takeValue(spec, text);
    if (!taken.ok) throw new InvalidArgumentError(taken.error.message);
    return spec.many === true ? [...((previous as string[] | undefined) ?? []), taken.value] : taken.value;
  });
}

/** Commander's message as one sentence that says what to do. */
function sentenceOf(message: string, title: string): string {
  const plain = message
    .replace(/^error: /, '')
    .replace(/(option '[^']*') argument '.*' is invalid\./s, '$1:')
    .replace('. Expected ', ': expected ');
  const [first = '', ...more] = plain.trim().split('\n');
  const hint = more.length === 0 ? '' : ` ${more.join(' ')}`;
  return `${first.replace(/\.$/, '')}${hint}; see ${title} --help`;
}
