import { err, ok, type Result } from '../../base/result.ts';
import { NO_KILLS, type Limits, type MemoryKills, type TreeLimits, type TreesPlace } from '../limits.ts';
import type { Cancel, ProcessRef, SysError } from '../sys.ts';
import { sysError } from './errno.ts';
import type { FakeKeeper } from './keeper.ts';
import type { Row } from './row.ts';
import type { View } from './view.ts';

/** Where the trees of the fake are, if they are cgroups. */
const FOLDER = '/sys/fs/cgroup/archon';

/** `Sys.limits` of the fake: all controllers can be had where trees are cgroups. Nothing in it uses memory by itself: see `Control.killForMemory`. */
export class FakeLimits implements Limits {
  readonly #keeper: FakeKeeper;
  readonly #view: View;

  constructor(keeper: FakeKeeper, view: View) {
    this.#keeper = keeper;
    this.#view = view;
  }

  place(): TreesPlace {
    this.#view.call('limits.place');
    return this.#keeper.tree === 'cgroup' ? { kind: 'below', folder: FOLDER } : { kind: 'minders' };
  }

  set(ref: ProcessRef, limits: TreeLimits, done: (result: Result<undefined, SysError>) => void): void {
    this.#view.call('limits.set');
    this.#view.post(() => {
      const row = this.#limited(ref);
      if (row !== undefined) row.limits = limits;
      done(row === undefined ? err(sysError('ENOENT', 'open')) : ok(undefined));
    });
  }

  read(ref: ProcessRef, done: (limits: TreeLimits) => void): void {
    this.#view.call('limits.read');
    this.#view.post(() => {
      done(this.#limited(ref)?.limits ?? {});
    });
  }

  kills(ref: ProcessRef): MemoryKills {
    this.#view.call('limits.kills');
    return this.#keeper.table.row(ref)?.kills ?? NO_KILLS;
  }

  watch(ref: ProcessRef, ring: () => void): Cancel {
    this.#view.call('limits.watch');
    const row = this.#limited(ref);
    if (row === undefined) return () => undefined;
    const rung = (): void => {
      this.#view.post(ring);
    };
    row.bells.add(rung);
    return () => {
      row.bells.delete(rung);
    };
  }

  /** A tree that lives and is a cgroup. */
  #limited(ref: ProcessRef): Row | undefined {
    const row = this.#keeper.table.row(ref);
    return row?.kind === 'cgroup' && row.state !== 'empty' ? row : undefined;
  }
}
