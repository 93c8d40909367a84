/* What the page says of daemons, in a few lines: against this the real supervisor is held. */

export type Policy = 'never' | 'on-failure' | 'always';

/** A daemon as a client knows it. */
export interface Daemon {
  readonly policy: Policy;
  readonly state: 'running' | 'stopped' | 'failed' | 'finished';
  /** Of its process, where it is running. */
  readonly pid: number | undefined;
  /** What `Wait` answers while it is down. */
  readonly lastExit: number | undefined;
}

/** All daemons by their labels. */
export type Daemons = Map<string, Daemon>;

/** How one comes to be that was started. */
export function running(policy: Policy, pid: number, lastExit: number | undefined): Daemon {
  return { policy, state: 'running', pid, lastExit };
}

/** Whether one whose process ended so by itself is started again. */
export function comesBack({ policy }: Daemon, code: number): boolean {
  return policy === 'always' || (policy === 'on-failure' && code !== 0);
}

/** What becomes of one whose process ended so, and that does not come back. */
export function ended(daemon: Daemon, code: number): Daemon {
  return { ...daemon, state: code === 0 ? 'finished' : 'failed', pid: undefined, lastExit: code };
}

/** What an order to stop makes of it: SIGTERM where something was up. */
export function stopped(daemon: Daemon): Daemon {
  const lastExit = daemon.pid === undefined ? daemon.lastExit : 128 + 15;
  return { ...daemon, state: 'stopped', pid: undefined, lastExit };
}
