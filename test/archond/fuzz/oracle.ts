/*
 * The protocol page once more, with nothing of src/protocol: what a line must be answered with, as far as that
 * follows from the line alone. Texts hold a character for each byte.
 */
const MAX_LINE = 1024 * 1024;
const MAX_FIELDS = 65_536;

/** The requests of the page, and how many descriptors each takes. */
const DESCRIPTORS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  run: [0, 3],
  startdaemon: [0, 3],
  monitorfd: [1, 1],
};
const VERBS = new Set(
  (
    'version run startdaemon monitorfd monitorpid start stop restart stopdaemon wait signal enable disable forget ' +
    'list status tree dump plan boot reload confirm port ports releaseport link unlink links subscribe events why ' +
    'log rules reloadrules upgrade shutdown reboot poweroff halt cancel'
  ).split(' '),
);

/** What is certain about the closing reply to a line. */
export interface Expected {
  readonly tag: string | undefined;
  /** The error's code, where it must be this error. */
  readonly code: string | undefined;
  /** The line without its tag where it can be decoded: verb in lower case, and what follows. */
  readonly fields: readonly string[] | undefined;
}

const FIELD = /(?:"((?:[^"]|"")*)"|([^",]*))(?:,|$)/y;

/** Splits a line of printable ASCII as RFC 4180 says; undefined where its quotes are wrong. */
export function splitCsv(text: string): readonly string[] | undefined {
  if (!text.includes('"')) return text.split(',');
  const fields: string[] = [];
  for (let at = 0; ; at = FIELD.lastIndex) {
    FIELD.lastIndex = at;
    const found = FIELD.exec(text);
    if (found === null) return undefined;
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    /* A comma at the very end has an empty field behind it, which the next round finds. */
    if (FIELD.lastIndex === text.length && !found[0].endsWith(',')) return fields;
  }
}

/** Undoes escapes; undefined where one would be a NUL. */
export function unescape(field: string): string | undefined {
  if (!field.includes('\\')) return field;
  const undone = field.replace(/\\(?:x([0-9A-Fa-f]{2})|([\\nrt]))/g, (_, hex?: string, letter?: string) =>
    hex === undefined
      ? ({ n: '\n', r: '\r', t: '\t' }[letter ?? ''] ?? '\\')
      : String.fromCharCode(parseInt(hex, 16)),
  );
  return undone.includes('\0') ? undefined : undone;
}

const TAG = /^#[A-Za-z0-9_.-]{1,64}$/;

/** The tag that the error of a line that cannot be decoded is to carry. */
function tagOf(line: string): string | undefined {
  const comma = line.indexOf(',');
  if (comma < 0 && line.length > 262) return undefined;
  const wire = comma < 0 ? line : line.slice(0, comma);
  if (wire.length > 262) return undefined;
  const field = unescape(/^"([^"]*)"$/.exec(wire)?.[1] ?? wire);
  return field !== undefined && TAG.test(field) ? field : undefined;
}

/** What a line (without its line feed) that came with so many descriptors is to be answered with. */
export function expectedOf(line: string, descriptors: number): Expected {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const refused = (code: string): Expected => ({ tag: tagOf(text), code, fields: undefined });
  if (descriptors > 16 || text.length > MAX_LINE) return refused('limit');
  if (text.length >= MAX_FIELDS && !text.includes('"') && text.split(',').length > MAX_FIELDS)
    return refused('limit');
  if (text === '' || !/^[ -~]+$/.test(text)) return refused('syntax');
  const wire = splitCsv(text);
  if (wire === undefined) return refused('syntax');
  if (wire.length > MAX_FIELDS) return refused('limit');
  const decoded = wire.map(unescape);
  if (!decoded.every((field) => field !== undefined)) return refused('bad-argument');
  return expectedOfFields(decoded, descriptors);
}

function expectedOfFields(decoded: readonly string[], descriptors: number): Expected {
  const [first = '', ...others] = decoded;
  const isTagged = first.startsWith('#');
  if (isTagged && !TAG.test(first)) return { tag: undefined, code: 'syntax', fields: undefined };
  const tag = isTagged ? first : undefined;
  const [word, ...rest] = isTagged ? others : decoded;
  if (word === undefined) return { tag, code: 'syntax', fields: undefined };
  const verb = word.toLowerCase();
  const fields = [verb, ...rest];
  if (!VERBS.has(verb)) return { tag, code: 'unknown-verb', fields };
  const [least, most] = DESCRIPTORS[verb] ?? [0, 0];
  const code = descriptors < least || descriptors > most ? 'bad-argument' : undefined;
  return { tag, code, fields };
}

/** What the input ended in, without a line feed: never carried out. */
export function expectedOfRest(rest: string): Expected {
  return { tag: tagOf(rest), code: rest.length > MAX_LINE + 1 ? 'limit' : 'syntax', fields: undefined };
}

const DATA = new Set(
  'Unit Field Process Line Event Done Failed Change Step Span Port Link Cause Rule End'.split(' '),
);
const CODES = new Set(
  (
    'syntax limit unknown-verb bad-argument not-found busy denied exec-failed timed-out failed unsupported ' +
    'shutting-down conflict cancelled unknown internal'
  ).split(' '),
);

/** One record of the supervisor, as the page allows it. */
export interface Answer {
  readonly tag: string | undefined;
  readonly isClosing: boolean;
  readonly name: string;
  readonly code: string | undefined;
  readonly fields: readonly string[];
}

/** The record in a line; throws where no such record may be. */
export function answerOf(line: string): Answer {
  const wire = /^[ -~]+$/.test(line) ? splitCsv(line) : undefined;
  const decoded = wire?.map((field) => unescape(field) ?? '\0') ?? [];
  const [first = ''] = decoded;
  const tag = TAG.test(first) ? first : undefined;
  const [name = '', ...fields] = tag === undefined ? decoded : decoded.slice(1);
  const isStatus = name === 'ExitStatus' && fields.length === 1 && Number(fields[0]) <= 255;
  const isError = name === 'Error' && fields.length >= 2 && CODES.has(fields[1] ?? '');
  const isClosing = name === 'Ok' || isStatus || isError;
  if (decoded.some((field) => field.includes('\0')) || !(isClosing || DATA.has(name)))
    throw new Error(`no record of the protocol: ${line.slice(0, 500)}`);
  return { tag, isClosing, name, code: isError ? fields[1] : undefined, fields };
}
