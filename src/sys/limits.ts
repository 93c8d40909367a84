import type { Result } from '../base/result.ts';
import type { Cancel, ProcessRef, SysError } from './sys.ts';

/** Limits of a whole tree by the controllers of its cgroup (cgroup-v2.rst). What is absent is not limited. */
export interface TreeLimits {
  /** `memory.max`: at least 1. */
  readonly memoryBytes?: number;
  /** `cpu.max`: 100 is one processor; at least 0.1. */
  readonly cpuPercent?: number;
  /** `pids.max`: processes and threads, at least 1. */
  readonly pids?: number;
}

/** The limits of a spawn, in force before its first instruction. */
export interface SpawnLimits extends TreeLimits {
  /** Without them it is refused at stage `cgroup`; else it goes on with those that can be had. */
  readonly isMust: boolean;
}

/** What the kernel has killed of a tree for want of memory, so far. */
export interface MemoryKills {
  /** How many processes. */
  readonly processes: number;
  /** Whether the limit of the tree itself was ever the reason; else a limit above it, or the whole machine, had no memory left. */
  readonly isOwnLimit: boolean;
}

/**
 * Where the trees of a supervisor are made. `below`: as cgroups below this folder. `minders`: without cgroups. `unlimited`:
 * by a keeper of an earlier version, which knows no limits. `unknown`: there is no supervisor yet.
 */
export type TreesPlace =
  | { readonly kind: 'below'; readonly folder: string }
  | { readonly kind: 'minders' }
  | { readonly kind: 'unlimited' }
  | { readonly kind: 'unknown' };

/** Limits of trees that live. */
export interface Limits {
  place(): TreesPlace;
  /** Changes all three limits of a tree that lives; one with less memory than it uses is reclaimed from, then killed of. `ENOENT` where it is over, or is no cgroup, or a controller cannot be had. Holds nobody up. */
  set(ref: ProcessRef, limits: TreeLimits, done: (result: Result<undefined, SysError>) => void): void;
  /** Those that are in force; none of a tree that is over, or is no cgroup. */
  read(ref: ProcessRef, done: (limits: TreeLimits) => void): void;
  /** As far as the kernel counts it: not where no tree here is limited in its memory. */
  kills(ref: ProcessRef): MemoryKills;
  /** Rings when `kills` may have changed, and may ring for nothing; nothing where the kernel tells of no such thing. */
  watch(ref: ProcessRef, ring: () => void): Cancel;
}

/** No process was killed. */
export const NO_KILLS: MemoryKills = { processes: 0, isOwnLimit: false };
