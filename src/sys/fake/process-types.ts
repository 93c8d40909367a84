import type { ResourceUsage } from '../sys.ts';
import type { VirtualLoop } from './loop.ts';
import type { FakeProcess } from './process.ts';

/** What a process has from the order that made it, and hands on to those that it forks. */
export interface Attributes {
  readonly argv: readonly Uint8Array[];
  readonly env: readonly Uint8Array[];
  readonly cwd: string;
  readonly umask: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly nice: number;
  readonly oomScoreAdjust: number;
  readonly noNewPrivileges: boolean;
  readonly limits: ReadonlyMap<string, { readonly soft: number; readonly hard: number }>;
}

/** Processes that belong together: a spawn and all that it forked. */
export interface Tree {
  readonly members: Set<FakeProcess>;
  /** SIGKILL goes to each that is in it and to each that will be. */
  killing: boolean;
  /** The last member has been reaped. */
  emptied(): void;
  /** A member has ended whose parent is the keeper (or the minder), which is to reap it. */
  ended(process: FakeProcess): void;
}

/** Where a process comes from. */
export interface ProcessOrigin {
  readonly pid: number;
  readonly parent: FakeProcess | undefined;
  readonly tree: Tree | undefined;
  readonly attributes: Attributes;
}

/** What the kernel does for each of its processes. */
export interface ProcessHost {
  readonly loop: VirtualLoop;
  make(origin: Omit<ProcessOrigin, 'pid'>): FakeProcess;
  /** It has been reaped: its pid is free. */
  forget(process: FakeProcess): void;
}

/** What a process has used that has used nothing. */
export const NO_USAGE: ResourceUsage = Object.freeze({
  userUs: 0,
  systemUs: 0,
  maxRssKib: 0,
  minorFaults: 0,
  majorFaults: 0,
  blocksIn: 0,
  blocksOut: 0,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
});
