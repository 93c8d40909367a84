import type { Failure } from './failure.ts';
import { refuse } from './failure.ts';
import { ok, type Result } from './result.ts';
import { show } from './show.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
};

/** A hundred years: more than any deadline needs, and its sum with an instant is still exact in a double. */
export const MAX_DURATION_MS = 36_500 * DAY_MS;

/**
 * A duration of the protocol and of the configuration, a whole number with one of the units `ms`, `s`,
 * `m`, `h`, `d`, or a bare `0`; in milliseconds, 0 to `MAX_DURATION_MS`. Else `bad-argument`.
 */
export function parseDuration(text: string): Result<number, Failure> {
  if (text === '0') return ok(0);
  const [, digits, unit = ''] = /^(\d+)(ms|[smhd])$/.exec(text) ?? [];
  if (digits === undefined) {
    return refuse('bad-argument', `${show(text)} is not a duration: write 250ms, 5s, 2m, 1h or 1d`);
  }
  const ms = Number(digits) * (UNIT_MS[unit] ?? 1);
  if (ms > MAX_DURATION_MS) return refuse('bad-argument', `the duration ${show(text)} is longer than 36500d`);
  return ok(ms);
}

/** A duration in milliseconds for people, in at most two units and never rounded up: `250ms`, `1.5s`, `2m 5s`, `3d 4h`. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < SECOND_MS) return `${Math.floor(ms)}ms`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / 100) / 10}s`;
  if (ms < HOUR_MS) return twoUnits(ms, MINUTE_MS, 'm', SECOND_MS, 's');
  if (ms < DAY_MS) return twoUnits(ms, HOUR_MS, 'h', MINUTE_MS, 'm');
  return twoUnits(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

function twoUnits(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  const whole = `${Math.floor(ms / largeMs)}${large}`;
  return rest === 0 ? whole : `${whole} ${rest}${small}`;
}
