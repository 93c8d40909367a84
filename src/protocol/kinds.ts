import { parseDuration } from '../base/duration.ts';
import type { Failure } from '../base/failure.ts';
import { refuse } from '../base/failure.ts';
import { compileGlob, isGlob, type Glob } from '../base/glob.ts';
import { parseLabel } from '../base/label.ts';
import { ok, type Result } from '../base/result.ts';
import { listing, show } from '../base/show.ts';
import { signalNumber } from '../base/signals.ts';
import { parseTime } from '../base/time.ts';
import { splitWords, type Words } from '../base/words.ts';

/** How a field of a request is read: into a value, or a failure (`bad-argument` if not said otherwise). Total. */
export type Kind<T> = (field: string) => Result<T, Failure>;

/** What a `<label|glob>` selects. A plain label that does not exist is an error, a glob that matches nothing is not. */
export type Target =
  { readonly kind: 'label'; readonly label: string } | { readonly kind: 'glob'; readonly glob: Glob };

/** The label that was asked for, or the wish for a generated one (`@label=`). */
export type LabelWish = { readonly kind: 'label'; readonly label: string } | { readonly kind: 'generated' };

/** A place in the stream of events. Without a journal id the present journal is meant. */
export interface Position {
  readonly journal: string | undefined;
  readonly sequence: number;
}

/** Largest number of lines, events and the like that can be asked for. */
const MAX_COUNT = 1_000_000_000;

/** pid_t is an int; see proc(5), pid_max, for what a system really uses. */
const MAX_PID = 2 ** 31 - 1;

/** Any bytes, none included. */
const anything: Kind<string> = ok;

/** Any bytes, but at least one. */
const something: Kind<string> = (field) => (field === '' ? refuse('bad-argument', 'it is empty') : ok(field));

const words: Kind<Words> = splitWords;

const flag: Kind<boolean> = (field) =>
  field === '1' || field === '0'
    ? ok(field === '1')
    : refuse('bad-argument', `${show(field)} is neither 1 nor 0`);

const labelWish: Kind<LabelWish> = (field) => {
  if (field === '') return ok({ kind: 'generated' });
  const label = parseLabel(field);
  return label.ok ? ok({ kind: 'label', label: label.value }) : label;
};

const target: Kind<Target> = (field) => {
  if (isGlob(field)) {
    const glob = compileGlob(field);
    return glob.ok ? ok({ kind: 'glob', glob: glob.value }) : glob;
  }
  const label = parseLabel(field);
  return label.ok ? ok({ kind: 'label', label: label.value }) : label;
};

/** A whole number of decimal digits from `least` to `most`. */
function whole(least: number, most: number): Kind<number> {
  return (field) => {
    const number = /^\d{1,16}$/.test(field) ? Number(field) : NaN;
    return number >= least && number <= most
      ? ok(number)
      : refuse('bad-argument', `${show(field)} is not a number from ${least} to ${most}`);
  };
}

const umask: Kind<number> = (field) =>
  /^[0-7]{1,4}$/.test(field) && parseInt(field, 8) <= 0o777
    ? ok(parseInt(field, 8))
    : refuse('bad-argument', `${show(field)} is not an octal number from 0 to 777`);

/** chdir(2) would take a relative path too, but relative to a folder that the client cannot know. */
const folder: Kind<string> = (field) =>
  field.startsWith('/') ? ok(field) : refuse('bad-argument', `${show(field)} is not an absolute path`);

const position: Kind<Position> = (field) => {
  const [, journal, digits] = /^(?:([^:]+):)?(\d{1,15})$/.exec(field) ?? [];
  return digits === undefined
    ? refuse('bad-argument', `${show(field)} is not a position: write <journal id>:<sequence>`)
    : ok({ journal, sequence: Number(digits) });
};

/** The kind of an event; rules may publish others than the supervisor's own. */
const eventKind: Kind<string> = (field) =>
  /^[a-z][a-z0-9-]{0,63}$/.test(field)
    ? ok(field)
    : refuse('bad-argument', `${show(field)} cannot be the kind of an event`);

/** The name of a port: as a label, but without its rules for file names. */
const portName: Kind<string> = (field) =>
  /^[A-Za-z0-9_.:/@+-]{1,255}$/.test(field)
    ? ok(field)
    : refuse('bad-argument', `${show(field)} cannot be the name of a port`);

/** The tag of another request; its `#` may be left out. */
const tag: Kind<string> = (field) =>
  /^#?[A-Za-z0-9_.-]{1,64}$/.test(field)
    ? ok(field.startsWith('#') ? field : `#${field}`)
    : refuse(
        'bad-argument',
        `${show(field)} is not a tag: write # and 1 to 64 characters of A-Z a-z 0-9 _ . -`,
      );

/** One of the given words. */
function oneOf<const W extends string>(...choices: readonly W[]): Kind<W> {
  return (field) => {
    const choice = choices.find((word) => word === field);
    return choice === undefined
      ? refuse('bad-argument', `${show(field)} is not ${listing(choices)}`)
      : ok(choice);
  };
}

/** The kinds of the table of verbs. */
export const KINDS = {
  anything,
  something,
  words,
  flag,
  label: parseLabel as Kind<string>,
  labelWish,
  target,
  count: whole(0, MAX_COUNT),
  pid: whole(1, MAX_PID),
  portNumber: whole(0, 65_535),
  umask,
  folder,
  duration: parseDuration as Kind<number>,
  time: parseTime as Kind<bigint>,
  signal: signalNumber as Kind<number>,
  position,
  eventKind,
  portName,
  tag,
  oneOf,
};
