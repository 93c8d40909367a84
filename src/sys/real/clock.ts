import { native } from '../native.ts';
import type { Clock } from '../sys.ts';

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
