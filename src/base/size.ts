import type { Failure } from './failure.ts';
import { refuse } from './failure.ts';
import { ok, type Result } from './result.ts';
import { show } from './show.ts';

const UNITS = ['', 'K', 'M', 'G', 'T'] as const;

/**
 * A size: a whole number of bytes, or of a power of 1024 with `K`, `M`, `G`, `T`; in bytes, up to
 * 2^53 - 1. Else `bad-argument`.
 */
export function parseSize(text: string): Result<number, Failure> {
  const [, digits, unit = ''] = /^(\d+)([KMGT]?)$/.exec(text) ?? [];
  if (digits === undefined)
    return refuse('bad-argument', `${show(text)} is not a size: write 4096, 64K, 500M or 2G`);
  const bytes = Number(digits) * 1024 ** UNITS.findIndex((name) => name === unit);
  if (!Number.isSafeInteger(bytes)) return refuse('bad-argument', `the size ${show(text)} is too large`);
  return ok(bytes);
}

/** A number of bytes for people, in the unit that leaves it below 1024, with one decimal below 100: `512`, `1.5K`, `500M`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (rounded(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${rounded(value)}${UNITS[unit] ?? ''}`;
}

function rounded(value: number): number {
  return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}
