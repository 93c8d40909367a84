import { MAX_DURATION_MS, parseDuration } from '../../base/duration.ts';
import { refuse, type Failure } from '../../base/failure.ts';
import { ok, type Result } from '../../base/result.ts';
import { show } from '../../base/show.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import type { Screen } from '../print/screen.ts';
import type { OptionSpec } from './option.ts';

const SECOND_MS = 1000;
const MS_NS = 1_000_000n;
const MINUTE_MS = 60 * SECOND_MS;

const CLOCK = String.raw`(?<hour>\d{1,2}):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?`;
const DAY = String.raw`(?<day>today|yesterday|(?<year>\d{4})-(?<month>\d\d)-(?<date>\d\d))`;
const ZONE = String.raw`(?<zone>Z|[+-]\d\d:?\d\d)`;
const TIME_OF_DAY = new RegExp(`^${CLOCK}$`);
const CALENDAR = new RegExp(`^${DAY}(?:[T ]${CLOCK}${ZONE}?)?$`);
const AGO = /^((?:\d+(?:ms|[smhd]))+)(?: ago)?$/;

/** An option that takes an instant, as people and programs write it, and gives it as the protocol has it. */
export function instantOption(help: string): OptionSpec & { readonly value: 'TIME' } {
  return { value: 'TIME', help, convert: (text) => readInstant(text, Date.now()) };
}

/** Complains of `--since` and `--until` where nothing can lie between, and of `--until` where what is printed has no end. */
export function isNoSpan(
  {
    since = '0',
    until,
    follow,
  }: { readonly since?: string; readonly until?: string; readonly follow?: true },
  screen: Pick<Screen, 'complain'>,
): boolean {
  if (until === undefined) return false;
  const [from, to] = [parseTime(since), parseTime(until)];
  const isBackward = from.ok && to.ok && from.value > to.value;
  if (follow === true) screen.complain('--follow goes on without end: --until cannot be given with it');
  else if (isBackward) screen.complain('--since is later than --until: nothing lies between them');
  return follow === true || isBackward;
}

/**
 * An instant as the protocol has it, in Unix seconds. Written so itself, or as how long it is ago (`10m`, `1h30m`), a time
 * of day (`04:15`: the last time that it was so late), a day (`today`, `yesterday`, `2026-11-30`), a day and a time of day
 * (`2026-11-30T04:00`, also with a blank, and with `Z` or `+02:00` where it is not the local one), or `now`. Not before 1970
 * and not after 2262. Else `bad-argument`.
 */
export function readInstant(text: string, nowMs: number): Result<string, Failure> {
  if (/^\d+(?:\.\d*)?$/.test(text)) {
    const time = parseTime(text);
    return time.ok ? ok(text) : time;
  }
  if (text === 'now') return ok(fromMs(nowMs));
  const [, ago] = AGO.exec(text) ?? [];
  if (ago !== undefined) return longAgo(text, ago, nowMs);
  const daily = TIME_OF_DAY.exec(text)?.groups;
  if (daily !== undefined) return timeOfDay(text, daily, nowMs);
  const { groups } = CALENDAR.exec(text) ?? {};
  if (groups !== undefined) return onDay(text, groups, nowMs);
  return refuse(
    'bad-argument',
    `${show(text)} is no instant: write how long ago it was (10m, 1h30m, 2d), a time of day (04:15), a day with or without ` +
      'one (today, yesterday, 2026-11-30, 2026-11-30T04:15, with Z or +02:00 for another zone), now, or Unix seconds',
  );
}

function longAgo(text: string, parts: string, nowMs: number): Result<string, Failure> {
  let agoMs = 0;
  for (const part of parts.match(/\d+(?:ms|[smhd])/g) ?? []) {
    const duration = parseDuration(part);
    if (!duration.ok) return duration;
    agoMs += duration.value;
  }
  return agoMs > Math.min(nowMs, MAX_DURATION_MS) ? tooEarly(text) : ok(fromMs(nowMs - agoMs));
}

type Parts = Readonly<Record<string, string | undefined>>;

/** Milliseconds since the day began, by the clock; undefined where no clock shows it. */
function clockOf({ hour = '0', minute = '0', second = '0' }: Parts): readonly number[] | undefined {
  const shown = [Number(hour), Number(minute), Number(second)];
  return Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 ? shown : undefined;
}

function timeOfDay(text: string, parts: Parts, nowMs: number): Result<string, Failure> {
  const clock = clockOf(parts);
  if (clock === undefined) return noSuchTime(text);
  const at = new Date(nowMs);
  at.setHours(clock[0] ?? 0, clock[1], clock[2], 0);
  if (at.getTime() > nowMs) at.setDate(at.getDate() - 1);
  return ok(fromMs(at.getTime(), parts['fraction']));
}

function onDay(text: string, parts: Parts, nowMs: number): Result<string, Failure> {
  const clock = clockOf(parts);
  if (clock === undefined) return noSuchTime(text);
  const now = new Date(nowMs);
  const { day = '', year, month = '', date = '', zone } = parts;
  const [y, m, d] =
    year === undefined
      ? [now.getFullYear(), now.getMonth(), now.getDate() - (day === 'yesterday' ? 1 : 0)]
      : [Number(year), Number(month) - 1, Number(date)];
  const there = new Date(Date.UTC(y, m, d));
  if (year !== undefined && (there.getUTCMonth() !== m || there.getUTCDate() !== d))
    return refuse('bad-argument', `there is no day ${show(day)} in ${show(text)}`);
  const [hour = 0, minute = 0, second = 0] = clock;
  const offset = zone === undefined ? undefined : offsetMs(zone);
  if (Number.isNaN(offset))
    return refuse('bad-argument', `${show(zone ?? '')} in ${show(text)} is no time zone`);
  const atMs =
    offset === undefined
      ? new Date(y, m, d, hour, minute, second).getTime()
      : Date.UTC(y, m, d, hour, minute, second) - offset;
  if (atMs < 0) return tooEarly(text);
  const time = fromMs(atMs, parts['fraction']);
  const fits = parseTime(time);
  return fits.ok ? ok(time) : refuse('bad-argument', `${show(text)} is after the year 2262`);
}

/** How far the clocks of a zone are ahead; not a number where there can be no such zone. */
function offsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 14 || minutes > 59) return NaN;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS;
}

function noSuchTime(text: string): Result<never, Failure> {
  return refuse(
    'bad-argument',
    `no clock shows the time in ${show(text)}: write 00:00 to 23:59, or 23:59:59`,
  );
}

function tooEarly(text: string): Result<never, Failure> {
  return refuse('bad-argument', `${show(text)} is before 1970`);
}

/** @param fraction digits of the second, where they are not those of the milliseconds */
function fromMs(ms: number, fraction?: string): string {
  if (fraction === undefined) return formatTime(BigInt(Math.floor(ms)) * MS_NS);
  return `${Math.floor(ms / SECOND_MS)}.${fraction}`;
}
