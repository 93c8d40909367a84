import { native } from '../native.ts';
import type { Cancel, Clock, Timers } from '../sys.ts';

/** The longest delay that setTimeout takes. */
const LONGEST_MS = 2 ** 31 - 1;
const NS_PER_MS = 1e6;
const MS_PER_S = 1e3;

/** CLOCK_MONOTONIC, which is what libuv gives to `process.hrtime`, and CLOCK_REALTIME. */
export const realClock: Clock = {
  monotonicMs() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * MS_PER_S + nanoseconds / NS_PER_MS;
  },
  realtimeNs: () => native.realtimeNs(),
};

/**
 * Timers over setTimeout. That counts whole milliseconds from the beginning of the loop's turn and may
 * be early by one: the clock decides, and a timer that came too soon waits for the rest.
 */
export const realTimers: Timers = {
  at(atMs, action) {
    let cancel: Cancel;
    const wait = (): void => {
      const restMs = atMs - realClock.monotonicMs();
      if (restMs <= 0) {
        const immediate = setImmediate(action);
        cancel = () => clearImmediate(immediate);
        return;
      }
      const timeout = setTimeout(check, Math.min(Math.ceil(restMs), LONGEST_MS));
      cancel = () => clearTimeout(timeout);
    };
    const check = (): void => {
      if (realClock.monotonicMs() >= atMs) action();
      else wait();
    };
    wait();
    return () => cancel();
  },
};
