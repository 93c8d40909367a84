import type { Files } from '../sys/sys.ts';
import { MemoryFiles } from './memory-files.ts';
import { Store, type StoreLimits } from './store.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 86_400_000;

/** Where segments lie, from the best place to the last resort. */
export interface Stores {
  readonly state: Store;
  readonly runtime: Store;
  readonly memory: Store;
}

/** Limits of the three places; docs/journal.org, "How much is kept", has the reasons. */
export type Limits = Readonly<Record<keyof Stores, StoreLimits>>;

/** What holds where nothing else is said. */
export const DEFAULT_LIMITS: Limits = {
  state: {
    // All of one segment is read when archond starts: about 20 ms.
    segmentBytes: MIB,
    segmentMs: DAY_MS,
    retainBytes: 64 * MIB,
    retainMs: 30 * DAY_MS,
    retainSegments: 512,
  },
  // The runtime folder usually is memory.
  runtime: {
    segmentBytes: MIB,
    segmentMs: DAY_MS,
    retainBytes: 16 * MIB,
    retainMs: 30 * DAY_MS,
    retainSegments: 64,
  },
  memory: {
    segmentBytes: 512 * KIB,
    segmentMs: DAY_MS,
    retainBytes: 4 * MIB,
    retainMs: 30 * DAY_MS,
    retainSegments: 64,
  },
};

/** The three places of one journal. */
export function openStores(files: Files, dir: string, fallbackDir: string, limits: Limits): Stores {
  return {
    state: new Store('state', files, dir, limits.state),
    runtime: new Store('runtime', files, fallbackDir, limits.runtime),
    memory: new Store('memory', new MemoryFiles(), 'memory', limits.memory),
  };
}
