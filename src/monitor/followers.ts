import type { Cancel, Sys } from '../sys/sys.ts';
import type { Usage } from './usage.ts';

/** More often nobody is told. */
const LEAST_MS = 1000;

/** Told what a unit uses; undefined while it has no process, or nothing can be known of it. */
export type Told = (usage: Usage | undefined) => void;

/** Those who want to be told at one pace. */
interface Group<K> {
  readonly followers: Set<{ readonly unit: K; readonly told: Told }>;
  cancel: Cancel;
}

/** Who wants to be told again and again what units use. Those who want it at the same pace are told together. */
export class Followers<K> {
  readonly #sys: Sys;
  readonly #read: (units: readonly K[]) => Promise<ReadonlyMap<K, Usage>>;
  readonly #groups = new Map<number, Group<K>>();

  constructor(sys: Sys, read: (units: readonly K[]) => Promise<ReadonlyMap<K, Usage>>) {
    this.#sys = sys;
    this.#read = read;
  }

  /** Tells from now on, until it is cancelled. */
  add(unit: K, everyMs: number, told: Told): Cancel {
    const paceMs = Math.max(1, Math.round(everyMs / LEAST_MS)) * LEAST_MS;
    const follower = { unit, told };
    const group = this.#groups.get(paceMs) ?? { followers: new Set(), cancel: () => undefined };
    if (group.followers.size === 0) {
      this.#groups.set(paceMs, group);
      this.#wait(paceMs, group);
    }
    group.followers.add(follower);
    return () => {
      group.followers.delete(follower);
      if (group.followers.size > 0 || this.#groups.get(paceMs) !== group) return;
      group.cancel();
      this.#groups.delete(paceMs);
    };
  }

  #wait(paceMs: number, group: Group<K>): void {
    group.cancel = this.#sys.timers.at(this.#sys.clock.monotonicMs() + paceMs, () => {
      void this.#tell(paceMs, group);
    });
  }

  async #tell(paceMs: number, group: Group<K>): Promise<void> {
    const followers = [...group.followers];
    try {
      const usages = await this.#read([...new Set(followers.map(({ unit }) => unit))]);
      /* One that throws costs no other anything. */
      for (const follower of followers)
        queueMicrotask(() => {
          if (group.followers.has(follower)) follower.told(usages.get(follower.unit));
        });
    } finally {
      if (this.#groups.get(paceMs) === group) this.#wait(paceMs, group);
    }
  }
}
