import { parseDuration } from '../../base/duration.ts';
import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import type { Given, OptionTable } from './option.ts';

/** The options of every verb, which may stand before or behind its name, or in the environment. */
export const GLOBAL_OPTIONS = {
  socket: { value: 'PATH', help: "the supervisor's socket" },
  json: { help: 'print JSON: one object, or one object a line for streams' },
  csv: { help: 'print tables as CSV with a header' },
  timeout: { value: 'DURATION', help: 'give up after so long, such as 250ms, 5s, 2m', check: parseDuration },
  'no-color': { help: 'no colour, on a terminal too' },
} as const satisfies OptionTable;

/** Archonctl's own options, from the command line and, where it says nothing, the environment. */
export interface Globals {
  /** As given by `--socket`; the environment's is found by socket-path.ts. */
  readonly socket: string | undefined;
  readonly format: 'people' | 'json' | 'csv';
  readonly timeoutMs: number | undefined;
  readonly wantsColour: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads them; `bad-argument` for what contradicts itself or is no value of that option. `NO_COLOR` is that of no-color.org. */
export function readGlobals(given: Given<typeof GLOBAL_OPTIONS>, env: Environment): Result<Globals, Failure> {
  const flags = { json: given.json, csv: given.csv, 'no-color': given['no-color'] };
  const isGiven = given.json === true || given.csv === true;
  const on = new Set<string>();
  for (const [name, isHere] of Object.entries(flags)) {
    const variable = variableOf(name);
    const isInEnvironment = flagOf(env[variable]);
    if (isInEnvironment === undefined) {
      return err(failure('bad-argument', `${variable} is ${show(env[variable] ?? '')}: set it to 1 or 0`));
    }
    /* What the line says of the format, the environment cannot contradict. */
    const isFormat = name === 'json' || name === 'csv';
    if (isHere === true || (isInEnvironment && !(isFormat && isGiven))) on.add(name);
  }
  if (on.has('json') && on.has('csv')) return err(failure('bad-argument', 'choose one of --json and --csv'));
  const text = given.timeout ?? env['ARCHON_TIMEOUT'];
  const timeout = text === undefined || text === '' ? ok(undefined) : parseDuration(text);
  if (!timeout.ok) return timeout;
  if (given.socket === '')
    return err(failure('bad-argument', '--socket is empty: write the path of a socket'));
  return ok({
    socket: given.socket,
    format: on.has('json') ? 'json' : on.has('csv') ? 'csv' : 'people',
    timeoutMs: timeout.value,
    wantsColour: !on.has('no-color') && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
  });
}

/** The environment variable of a global option. */
export function variableOf(option: string): string {
  return `ARCHON_${option.replaceAll('-', '_').toUpperCase()}`;
}

function flagOf(value: string | undefined): boolean | undefined {
  if (value === undefined || value === '' || value === '0') return false;
  return value === '1' ? true : undefined;
}
