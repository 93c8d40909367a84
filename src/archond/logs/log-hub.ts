import type { Sys } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import { FollowedLog } from './followed-log.ts';
import type { LogPoint } from './log-point.ts';
import type { LogWriters } from './log-writers.ts';

/** All logs that streams follow. */
export class LogHub {
  readonly writers: LogWriters;
  readonly #sys: Sys;
  readonly #followed = new Map<string, FollowedLog>();

  constructor(sys: Sys, writers: LogWriters) {
    this.#sys = sys;
    this.writers = writers;
  }

  /** How far a log has been told to those that follow it; undefined where nobody does. */
  told(path: string): LogPoint | undefined {
    return this.#followed.get(path)?.told;
  }

  /** The stream, which is open and was sent all before `from`, or before `told` where others follow, is sent what comes. */
  join(call: Call, path: string, from: LogPoint): void {
    const followed =
      this.#followed.get(path) ??
      new FollowedLog(this.#sys, this.writers, path, from, () => this.#followed.delete(path));
    this.#followed.set(path, followed);
    followed.join(call);
    /* What is there of a line that has begun comes when it ends, or now where nobody is going to end it. */
    followed.moved();
  }

  /** Tells all that has been written. */
  tellAll(): void {
    for (const followed of this.#followed.values()) followed.tellAll();
  }
}
