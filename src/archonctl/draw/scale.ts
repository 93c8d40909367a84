/** Where the lines of a scale are drawn, from 0 on, and where it ends. */
export interface Scale {
  readonly ticks: readonly number[];
  readonly top: number;
}

/** Whole steps of 1, 2 or 5 times a power of ten, so that there are `most` of them at most; `top` is one, and not below `value`. */
export function decimalScale(value: number, most: number): Scale {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, Number.MIN_VALUE) / most));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => value <= one * most) ?? 10 * power;
  return scaleBy(step, value);
}

/** The same for bytes: in steps that are powers of two. */
export function binaryScale(value: number, most: number): Scale {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, value) / most)));
  return scaleBy(step, value);
}

function scaleBy(step: number, value: number): Scale {
  const count = Math.max(1, Math.ceil(value / step - 1e-9));
  return { ticks: Array.from({ length: count + 1 }, (_, at) => at * step), top: count * step };
}

const MINUTE_S = 60;
const HOUR_S = 3600;

/** Steps of clocks, in seconds. */
const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, HOUR_S, 2 * HOUR_S, 6 * HOUR_S];

/** An instant of a scale of time, Unix seconds, and what stands there. */
export interface ClockTick {
  readonly at: number;
  readonly says: string;
}

/** Whole times of the local clock between two instants (Unix seconds), `most` of them at most. */
export function clockTicks(from: number, to: number, most: number): readonly ClockTick[] {
  const step = CLOCK_STEPS.find((one) => (to - from) / one <= most) ?? 24 * HOUR_S;
  const offset = new Date(from * 1000).getTimezoneOffset() * MINUTE_S;
  const ticks: ClockTick[] = [];
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step)
    ticks.push({ at, says: clockOf(at, step < MINUTE_S) });
  return ticks;
}

/** An instant (Unix seconds) on the local clock. */
export function clockOf(at: number, hasSeconds: boolean): string {
  const date = new Date(at * 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return hasSeconds ? `${time}:${two(date.getSeconds())}` : time;
}
