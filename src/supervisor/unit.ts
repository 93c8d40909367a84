/**
 * What the supervisor has to know of a unit in order to decide about it. How its process is made
 * (words, environment, descriptors) is none of its business.
 */
export interface UnitSpec {
  readonly label: string;
  /** `run`: a command somebody waits for. `daemon`: started by a request, stays up by itself. `watched`: not started here. */
  readonly origin: 'run' | 'daemon' | 'watched';
  readonly restart: RestartPolicy;
  readonly stop: StopPolicy;
  /** A Run is stopped after so long, in milliseconds; undefined: never. */
  readonly timeoutMs?: number;
}

/** When a process that ended by itself is started again, and after how long. */
export interface RestartPolicy {
  readonly policy: 'always' | 'on-failure' | 'never';
  /** The first restart is immediate; the second waits so long, in milliseconds. */
  readonly delayMs: number;
  /** Each further delay is so many times the one before. At least 1. */
  readonly factor: number;
  /** No delay is longer. */
  readonly maxMs: number;
  /** A delay is changed by up to this part of it, either way: 0 to 1. */
  readonly jitter: number;
  /** After running so long the delays begin anew. */
  readonly resetAfterMs: number;
  /** More restarts than `count` within `withinMs`, and it is given up. */
  readonly limit?: { readonly count: number; readonly withinMs: number };
}

/** How a unit is brought down: a signal, time to end by itself, SIGKILL to all that is left. */
export interface StopPolicy {
  readonly signal: number;
  readonly timeoutMs: number;
  /** `main`, `mixed`: the signal goes to the main process; `tree`: to all. In each nothing is left at the end. */
  readonly scope: 'main' | 'mixed' | 'tree';
}

const SIGTERM = 15;

/** The contract's defaults of `restart`, for the given policy. */
export function restartPolicy(policy: RestartPolicy['policy']): RestartPolicy {
  return { policy, delayMs: 100, factor: 2, maxMs: 3_600_000, jitter: 0.1, resetAfterMs: 10_000 };
}

/** The contract's defaults of `stop`: SIGTERM, ten seconds, mixed. */
export const DEFAULT_STOP: StopPolicy = { signal: SIGTERM, timeoutMs: 10_000, scope: 'mixed' };
