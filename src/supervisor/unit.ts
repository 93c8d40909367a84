/**
 * What the supervisor has to know of a unit in order to decide about it. How its process is made
 * (words, environment, descriptors), and how it is probed, is none of its business. Made by `unitSpec`.
 */
export interface UnitSpec {
  readonly label: string;
  /**
   * `config`: defined by the configuration. `run`: a command somebody waits for. `daemon`: started by a
   * request, stays up by itself. `watched`: not started here.
   */
  readonly origin: 'config' | 'run' | 'daemon' | 'watched';
  /** A service is to stay up; a oneshot is to end well, and is up for others from then on until it is stopped. */
  readonly type: 'service' | 'oneshot';
  /**
   * What makes a service ready. `exec`: its program runs. `probe`: the event `ready` says so. `main-process`: the
   * event `main-changed` names the process that it has put into the background. A oneshot is never ready.
   */
  readonly readyBy: 'exec' | 'probe' | 'main-process';
  /** Its first process may end well without being missed: the main process is one that it leaves behind. */
  readonly leavesMain: boolean;
  /** So long after it has a process it must be ready (a oneshot: have ended), or the start has failed; undefined: no limit. */
  readonly readyTimeoutMs?: number;
  /** It is probed while it is running: the event `unhealthy` may come. */
  readonly hasHealth: boolean;
  /** Ends that are no failures. */
  readonly success: { readonly codes: readonly number[]; readonly signals: readonly number[] };
  readonly restart: RestartPolicy;
  readonly stop: StopPolicy;
  /** A service that is running is asked to end by a command; the signal comes where that fails. */
  readonly stopsByCommand: boolean;
  /** What a oneshot has done is undone by a command when it is stopped. */
  readonly isUndone: boolean;
  /** It is a generation beside a unit's own (`replace.ts`): its processes are told of, and not where it stands. */
  readonly isBeside?: boolean;
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

const PLAIN = {
  type: 'service',
  readyBy: 'exec',
  leavesMain: false,
  hasHealth: false,
  success: { codes: [0], signals: [] },
  restart: restartPolicy('never'),
  stop: DEFAULT_STOP,
  stopsByCommand: false,
  isUndone: false,
} as const satisfies Partial<UnitSpec>;

/** A unit of which nothing is said but this: a service, ready by exec, never restarted, stopped by SIGTERM. */
export function unitSpec(own: Pick<UnitSpec, 'label' | 'origin'> & Partial<UnitSpec>): UnitSpec {
  return { ...PLAIN, ...own };
}
