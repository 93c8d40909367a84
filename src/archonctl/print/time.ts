import { formatDuration } from '../../base/duration.ts';
import { parseTime } from '../../base/time.ts';

const MS_NS = 1_000_000n;

/** How long ago an instant of the protocol was, for people: `3m 5s`; empty where there is none. */
export function ageOf(instant: string, nowMs: number): string {
  const ms = millisecondsOf(instant);
  return ms === undefined ? '' : formatDuration(Math.max(0, nowMs - ms));
}

/** An instant of the protocol as local date and time with milliseconds; what is none as it is. */
export function localTime(instant: string): string {
  const ms = millisecondsOf(instant);
  if (ms === undefined) return instant;
  const date = new Date(ms);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function millisecondsOf(instant: string): number | undefined {
  const time = parseTime(instant);
  return time.ok ? Number(time.value / MS_NS) : undefined;
}
