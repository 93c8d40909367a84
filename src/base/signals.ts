import type { Failure } from './failure.ts';
import { refuse } from './failure.ts';
import { ok, type Result } from './result.ts';
import { show } from './show.ts';

/** The standard signals without `SIG`, the first being 1; the numbers of x86 and Arm in signal(7). */
const STANDARD = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT ' +
  'CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ');

const OTHER_NAMES: Readonly<Record<string, string>> = { IOT: 'ABRT', CLD: 'CHLD', POLL: 'IO', UNUSED: 'SYS' };

/** glibc keeps the first two real-time signals (32, 33) for itself and counts from here; see signal(7). */
const REAL_TIME_FIRST = 34;
const REAL_TIME_LAST = 64;

/**
 * The number of a signal: `SIGTERM`, `TERM` or `15`, without regard to case; `SIGRTMIN`, `RTMIN+3`,
 * `RTMAX-2` for real-time ones. 1 to 64. Else `bad-argument`.
 */
export function signalNumber(text: string): Result<number, Failure> {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : numberOfName(text.toUpperCase().replace(/^SIG/, ''));
  return number !== undefined && number >= 1 && number <= REAL_TIME_LAST
    ? ok(number)
    : refuse(
        'bad-argument',
        `${show(text)} is not a signal: write a name such as SIGTERM, or a number from 1 to 64`,
      );
}

function numberOfName(name: string): number | undefined {
  const standard = STANDARD.indexOf(OTHER_NAMES[name] ?? name) + 1;
  if (standard > 0) return standard;
  const [, end, distance = '0'] = /^RT(MIN(?=\+|$)|MAX(?=-|$))(?:[+-](\d{1,2}))?$/.exec(name) ?? [];
  if (end === undefined) return undefined;
  const number = end === 'MIN' ? REAL_TIME_FIRST + Number(distance) : REAL_TIME_LAST - Number(distance);
  return number >= REAL_TIME_FIRST && number <= REAL_TIME_LAST ? number : undefined;
}

/** The name of a signal from 1 to 64: `SIGTERM`, `SIGRTMIN+2`. What has no name (32 and 33 with glibc) is its number. */
export function signalName(number: number): string {
  const standard = STANDARD[number - 1];
  if (standard !== undefined) return `SIG${standard}`;
  if (number === REAL_TIME_LAST) return 'SIGRTMAX';
  if (number === REAL_TIME_FIRST) return 'SIGRTMIN';
  return number > REAL_TIME_FIRST && number < REAL_TIME_LAST
    ? `SIGRTMIN+${number - REAL_TIME_FIRST}`
    : String(number);
}
