import type { Cancel, Timers } from '../sys.ts';
import { realClock } from './clock.ts';

/** The longest delay that setTimeout takes. */
const LONGEST_MS = 2 ** 31 - 1;

interface Waiting {
  readonly atMs: number;
  readonly action: () => void;
  isOver: boolean;
}

/**
 * Timers in the order of their instants, those of one instant in the order in which they were made;
 * Node's own would come in the order of whole milliseconds. The list is sorted: with thousands of
 * timers, moving its tail is still cheaper than what a heap would take to write.
 */
class RealTimers implements Timers {
  readonly #waiting: Waiting[] = [];
  #alarm: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  at(atMs: number, action: () => void): Cancel {
    const waiting: Waiting = { atMs, action, isOver: false };
    this.#waiting.splice(this.#placeOf(atMs), 0, waiting);
    this.#setAlarm();
    return () => {
      if (waiting.isOver) return;
      waiting.isOver = true;
      const at = this.#waiting.lastIndexOf(waiting, this.#placeOf(atMs));
      if (at >= 0) this.#waiting.splice(at, 1);
      this.#setAlarm();
    };
  }

  /** Behind all that come no later. */
  #placeOf(atMs: number): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#waiting[middle]?.atMs ?? Infinity) <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Sees to it that the loop wakes for the first one, and for nothing where there is none. */
  #setAlarm(): void {
    const first = this.#waiting[0];
    if (first?.atMs === this.#alarm?.atMs) return;
    this.#alarm?.cancel();
    this.#alarm =
      first === undefined ? undefined : { atMs: first.atMs, cancel: wake(first.atMs, this.#ring) };
  }

  /** Does what is due; what becomes due meanwhile has its turn in the next round. */
  readonly #ring = (): void => {
    this.#alarm = undefined;
    const nowMs = realClock.monotonicMs();
    const due = this.#waiting.splice(0, this.#placeOf(nowMs));
    let done = 0;
    try {
      for (const waiting of due) {
        done++;
        if (waiting.isOver) continue;
        waiting.isOver = true;
        waiting.action();
      }
    } finally {
      // One that throws keeps no other from its turn.
      this.#waiting.unshift(...due.slice(done));
      this.#setAlarm();
    }
  };
}

/**
 * Wakes once, at once where the instant is past. setTimeout counts whole milliseconds from the beginning
 * of the loop's turn, so that it may come early by one: then nothing is due, and the alarm is set anew.
 */
function wake(atMs: number, ring: () => void): Cancel {
  const restMs = atMs - realClock.monotonicMs();
  if (restMs <= 0) {
    const immediate = setImmediate(ring);
    return () => clearImmediate(immediate);
  }
  const timeout = setTimeout(ring, Math.min(Math.ceil(restMs), LONGEST_MS));
  return () => clearTimeout(timeout);
}

/** `Sys.timers` of this process. */
export const realTimers: Timers = new RealTimers();
