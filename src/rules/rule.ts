import { parseDuration } from '../base/duration.ts';
import { compileGlob, isGlob } from '../base/glob.ts';
import { parseLabel } from '../base/label.ts';
import { nearest } from '../base/nearest.ts';
import { err, ok, type Result } from '../base/result.ts';
import { listing, show } from '../base/show.ts';
import type { Fields, Value } from './lua/values.ts';

/** At most `count` firings within a time that moves on with the events. */
export interface Limit {
  readonly count: number;
  readonly withinMs: number;
}

/** What `on{…}` says, without its functions. */
export interface RuleHead {
  readonly name: string | undefined;
  readonly labels: readonly string[] | undefined;
  readonly kinds: readonly string[] | undefined;
  /** Lua patterns on path and command line of the process. */
  readonly exe: string | undefined;
  readonly command: string | undefined;
  readonly limit: Limit | undefined;
  /** Fires when so long nothing more has matched. */
  readonly debounceMs: number | undefined;
  /** A command line, where `run` is one. */
  readonly run: string | undefined;
}

const FIELDS = ['name', 'label', 'kind', 'exe', 'command', 'where', 'limit', 'debounce', 'run'];
const KIND = /^[a-z][a-z0-9-]{0,63}$/;
const MOST_COUNT = 1000;
const MOST_NAME = 200;

type Read<T> = Result<T, string>;

/** Reads the table that `on` was given; the error is a sentence that says what is wrong with which field. */
export function readHead(table: Value): Read<RuleHead> {
  if (typeof table !== 'object' || Array.isArray(table)) return err('on takes a table: on { run = ... }');
  const fields = table as Fields;
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, FIELDS);
    return err(`on has no field ${show(unknown)}${meant === undefined ? '' : `; did you mean ${meant}?`}`);
  }
  const name = text(fields, 'name', (one) => (one.length <= MOST_NAME ? undefined : 'is too long'));
  const labels = texts(fields, 'label', labelFault);
  const kinds = texts(fields, 'kind', (one) =>
    KIND.test(one) ? undefined : `${show(one)} cannot be the kind of an event`,
  );
  const exe = text(fields, 'exe');
  const command = text(fields, 'command');
  const limit = readLimit(fields['limit']);
  const debounceMs = duration(fields['debounce'], 'debounce');
  for (const part of [name, labels, kinds, exe, command, limit, debounceMs]) if (!part.ok) return part;
  const { run } = fields;
  return ok({
    name: valueOf(name),
    labels: valueOf(labels),
    kinds: valueOf(kinds),
    exe: valueOf(exe),
    command: valueOf(command),
    limit: valueOf(limit),
    debounceMs: valueOf(debounceMs),
    run: typeof run === 'string' ? run : undefined,
  });
}

/** The fault of what is to name units: a label or a glob. Empty is the supervisor itself. */
export function labelFault(one: string): string | undefined {
  if (one === '') return undefined;
  const read = isGlob(one) ? compileGlob(one) : parseLabel(one);
  return read.ok ? undefined : read.error.message;
}

/** A duration of the protocol, such as `5s`, in milliseconds. */
export function duration(value: Value, what: string): Read<number | undefined> {
  if (value === undefined) return ok(undefined);
  if (typeof value !== 'string') return err(`${what} is to be a duration such as "5s"`);
  const parsed = parseDuration(value);
  return parsed.ok ? parsed : err(`${what}: ${parsed.error.message}`);
}

function readLimit(value: Value): Read<Limit | undefined> {
  if (value === undefined) return ok(undefined);
  const { count, within } = (typeof value === 'object' ? value : {}) as Fields;
  const withinMs = duration(within, 'limit.within');
  if (!withinMs.ok) return withinMs;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MOST_COUNT)
    return err(`limit is to be {count = ..., within = "..."}, with a count from 1 to ${MOST_COUNT}`);
  if (withinMs.value === undefined) return err('limit has no within');
  return ok({ count, withinMs: withinMs.value });
}

function text(
  fields: Fields,
  name: string,
  fault: (one: string) => string | undefined = () => undefined,
): Read<string | undefined> {
  const value = fields[name];
  if (value === undefined) return ok(undefined);
  if (typeof value !== 'string') return err(`${name} is to be a text`);
  const wrong = fault(value);
  return wrong === undefined ? ok(value) : err(`${name} ${wrong}`);
}

function texts(
  fields: Fields,
  name: string,
  fault: (one: string) => string | undefined,
): Read<readonly string[] | undefined> {
  const value = fields[name];
  if (value === undefined) return ok(undefined);
  const list = Array.isArray(value) ? (value as readonly Value[]) : [value];
  const found: string[] = [];
  for (const one of list) {
    if (typeof one !== 'string') return err(`${name} is to be ${listing(['a text', 'a list of texts'])}`);
    const wrong = fault(one);
    if (wrong !== undefined) return err(`${name}: ${wrong}`);
    found.push(one);
  }
  return ok(found);
}

/** Of parts that are all known to be well. */
function valueOf<T>(part: Read<T>): T | undefined {
  return part.ok ? part.value : undefined;
}
