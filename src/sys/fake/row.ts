import { constants } from 'node:os';
import { NO_KILLS, type MemoryKills, type TreeLimits } from '../limits.ts';
import type { EntryState, ExecStage, ProcessEnd, ProcessEntry, ProcessRef, SpawnOrder } from '../sys.ts';
import { errnoOf } from './errno.ts';
import type { FakeProcess } from './process.ts';
import type { Tree } from './process-types.ts';

/** `enum entry_state` of native/keeper/wire.h. */
export const STATE_ORDER: Readonly<Record<EntryState, number>> = {
  starting: 1,
  running: 2,
  exited: 3,
  empty: 4,
};

/** What a row wants of the keeper. */
export interface RowOwner {
  emptied(row: Row): void;
  ended(row: Row, process: FakeProcess): void;
}

/** One entry of the table, and the tree of its spawn. Unpublished (`state` undefined) it is not there for archond. */
export class Row implements Tree {
  readonly ref: ProcessRef;
  readonly label: string;
  readonly kind: 'cgroup' | 'minder';
  readonly tags: readonly [bigint, bigint];
  readonly members = new Set<FakeProcess>();
  killing = false;
  state: EntryState | undefined;
  acknowledged: EntryState | undefined;
  process: FakeProcess | undefined;
  end: ProcessEnd | undefined;
  endedAtMs = 0;
  minderLost = false;
  /** Those in force. */
  limits: TreeLimits;
  kills: MemoryKills = NO_KILLS;
  /** Told when `kills` changes. */
  readonly bells = new Set<() => void>();
  readonly #owner: RowOwner;

  constructor(owner: RowOwner, index: number, order: SpawnOrder, kind: 'cgroup' | 'minder') {
    this.#owner = owner;
    this.ref = Object.freeze({ index, generation: order.generation });
    this.label = order.label;
    this.kind = kind;
    this.tags = order.tags ?? [0n, 0n];
    this.limits = kind === 'cgroup' ? limitsOf(order.treeLimits) : {};
  }

  /** What the table says of it now. */
  entry(state: EntryState, process: FakeProcess): ProcessEntry {
    const ended = state === 'exited' || state === 'empty';
    return {
      ...this.ref,
      label: this.label,
      state,
      acknowledged: this.acknowledged,
      pid: process.pid,
      startTicks: process.startTicks,
      startedAtMs: process.startedAtMs,
      tree: this.kind,
      minderLost: this.minderLost,
      tags: this.tags,
      ...(ended
        ? { end: this.end ?? { kind: 'unknown' }, endedAtMs: this.endedAtMs, usage: process.usage }
        : {}),
    };
  }

  /** The child failed on its way to exec; it ends with 127, and the table says why. */
  failToStart(process: FakeProcess, stage: ExecStage, code: string): void {
    this.end = { kind: 'not-executed', stage, code, errno: errnoOf(code) };
    process.finish({ kind: 'exited', code: 127 });
  }

  /** The kernel kills one of its processes for want of memory: by its own limit, or by one above it. */
  killForMemory(process: FakeProcess, isOwnLimit: boolean): void {
    const { kills } = this;
    this.kills = { processes: kills.processes + 1, isOwnLimit: kills.isOwnLimit || isOwnLimit };
    for (const ring of [...this.bells]) ring();
    process.die(constants.signals.SIGKILL);
  }

  emptied(): void {
    this.#owner.emptied(this);
  }

  ended(process: FakeProcess): void {
    this.#owner.ended(this, process);
  }
}

function limitsOf({ memoryBytes, cpuPercent, pids }: TreeLimits = {}): TreeLimits {
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpuPercent === undefined ? {} : { cpuPercent }),
    ...(pids === undefined ? {} : { pids }),
  };
}
