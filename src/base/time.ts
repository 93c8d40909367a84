import type { Failure } from './failure.ts';
import { refuse } from './failure.ts';
import { ok, type Result } from './result.ts';
import { show } from './show.ts';

const SECOND_NS = 1_000_000_000n;
const MS_NS = 1_000_000n;

/** The last instant that fits in 64 bits with sign, in the year 2262: what the journal and the kernel can hold. */
const MAX_TIME_NS = 2n ** 63n - 1n;

/**
 * An instant of the protocol, Unix seconds with up to nine digits of fraction, in nanoseconds since
 * 1970-01-01 UTC; exact. Not negative, not after 2262. Else `bad-argument`.
 */
export function parseTime(text: string): Result<bigint, Failure> {
  const [, seconds, fraction = ''] = /^(\d{1,10})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds === undefined) {
    return refuse(
      'bad-argument',
      `${show(text)} is not a time: write Unix seconds, such as 1700000000 or 1700000000.25`,
    );
  }
  const ns = BigInt(seconds) * SECOND_NS + BigInt(fraction.padEnd(9, '0'));
  return ns > MAX_TIME_NS ? refuse('bad-argument', `the time ${show(text)} is after the year 2262`) : ok(ns);
}

/** Nanoseconds since 1970-01-01 UTC (0 or more) as the protocol writes them, the fraction without zeros at its end. */
export function formatTime(ns: bigint): string {
  const seconds = String(ns / SECOND_NS);
  const fraction = ns % SECOND_NS;
  return fraction === 0n ? seconds : `${seconds}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`;
}

/** The same in a sentence for people, who may give it back to archonctl: `2026-11-30T04:15:00.250Z`, the next millisecond where it lies between two. */
export function sayTime(ns: bigint): string {
  const ms = Number((ns + MS_NS - 1n) / MS_NS);
  return new Date(ms).toISOString(); // eslint-disable-line no-restricted-globals -- of its argument: no clock is read
}
