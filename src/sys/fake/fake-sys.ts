import type { Sys } from '../sys.ts';
import { Control } from './control.ts';
import { FakeKernel } from './kernel.ts';
import { VirtualLoop } from './loop.ts';

/** How a fake begins. Everything else is changed through its control. */
export interface FakeOptions {
  /** Of `sys.chance`. Default 1. */
  readonly seed?: number;
  /** Where the monotonic clock begins. Default 1,000,000: the machine has been up for a while. */
  readonly startMs?: number;
  /** As whom keeper and archond run. Default root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** What keeps trees together where an order does not say. Default `cgroup`. */
  readonly tree?: 'cgroup' | 'minder';
  /** How many spawns the table has room for. Default 16,384. */
  readonly tableEntries?: number;
  /** The limit of descriptors that children get. Default 1024 and 4096. */
  readonly descriptorLimit?: { readonly soft: number; readonly hard: number };
}

/**
 * A machine of its own in memory, with a virtual clock: kernel, keeper and a first archond, whose
 * `Sys` this is. The same calls in the same order give the same history, whatever the real time.
 */
export function createFakeSys(options: FakeOptions = {}): { readonly sys: Sys; readonly control: Control } {
  const loop = new VirtualLoop(options.startMs ?? 1_000_000);
  const kernel = new FakeKernel(loop, options.user ?? { uid: 0, gid: 0 });
  const keeper = {
    tree: options.tree ?? 'cgroup',
    tableEntries: options.tableEntries ?? 16_384,
    descriptorLimit: options.descriptorLimit ?? { soft: 1024, hard: 4096 },
  };
  const control = new Control(kernel, keeper, options.seed ?? 1);
  return { sys: control.startArchond(), control };
}
