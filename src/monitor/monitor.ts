import type { Cancel, Consumption, Consumptions, ProcessConsumption, ProcessRef, Sys } from '../sys/sys.ts';
import { Followers, type Told } from './followers.ts';
import { History } from './history.ts';
import { Life } from './life.ts';
import { HISTORY_MS, Pace, samplesKept, TICK_MS } from './pace.ts';
import type { Sample, Usage } from './usage.ts';

/** Of more units than these, when they are asked for together, what was read `FRESH_MS` ago is told again. */
const MANY = 64;
const FRESH_MS = 5000;

/** So many are read in one go; then others have their turn. */
const AT_ONCE = 1000;

/** What is read of a unit: the tree of a spawn, or, of what is only watched, the process alone. */
export type Target = { readonly ref: ProcessRef } | { readonly pid: number };

/** The units that are looked at, by what their owner knows them as. */
export interface Units<K> {
  /** All that there are, in no order. */
  all(): Iterable<K>;
  /** What there is to read of it; undefined while it has no process. */
  targetOf(unit: K): Target | undefined;
}

/** What is known of a unit. */
interface Track {
  /** The generation, or the process, that `life` is of. */
  of: number;
  life: Life;
  readonly history: History;
  /** When its history got a sample last. */
  sampledAtMs: number;
}

/** What was read of a unit just now. */
interface Reading {
  readonly track: Track;
  readonly used: Consumption;
  readonly usage: Usage;
  readonly atMs: number;
}

/**
 * What units use: read when somebody asks, at the pace of those who follow one, and by and by for their histories and peaks
 * (`tick`). All of it is kept in memory, and begins anew with archond.
 */
export class Monitor<K extends object> {
  readonly #sys: Sys;
  readonly #units: Units<K>;
  readonly #tracks = new WeakMap<K, Track>();
  readonly #followers: Followers<K>;
  readonly #pace = new Pace();
  /** Units that are still to be read in this round, the next one last. */
  readonly #round: K[] = [];
  /** How many the round began with. */
  #roundUnits = 0;
  #isTicking = false;

  constructor(sys: Sys, units: Units<K>) {
    this.#sys = sys;
    this.#units = units;
    this.#followers = new Followers(sys, async (followed) => this.#usages(followed));
  }

  /** What the unit uses, read now; undefined where it has no process. */
  async read(unit: K): Promise<Usage | undefined> {
    return (await this.#usages([unit])).get(unit);
  }

  /** What several units use, as far as it is known; of very many what was known some seconds ago will do. */
  async readAll(units: readonly K[]): Promise<ReadonlyMap<K, Usage>> {
    const sinceMs = units.length > MANY ? this.#sys.clock.monotonicMs() - FRESH_MS : Infinity;
    const fresh = new Map<K, Usage>();
    for (const unit of units) {
      const usage = this.#lifeOf(unit)?.since(sinceMs);
      if (usage !== undefined) fresh.set(unit, usage);
    }
    const read = await this.#usages(units.filter((unit) => !fresh.has(unit)));
    return new Map([...fresh, ...read]);
  }

  /**
   * Tells from now on, every so often (whole seconds, one at least), what the unit uses, read for this.
   * Undefined is told while it has no process. Until it is cancelled.
   */
  follow(unit: K, everyMs: number, told: Told): Cancel {
    return this.#followers.add(unit, everyMs, told);
  }

  /** What it has used in the last hour, since then (whole seconds since 1970), oldest first. */
  history(unit: K, sinceS: number): readonly Sample[] {
    const nowS = Number(this.#sys.clock.realtimeNs() / 1_000_000_000n);
    const { history } = this.#tracks.get(unit) ?? {};
    return history?.since(Math.max(sinceS, nowS - HISTORY_MS / 1000)) ?? [];
  }

  /** To be called every `TICK_MS`: reads the units whose turn it is. */
  tick(): void {
    /* The last one still reads: the machine, or its /proc, is very slow. */
    if (this.#isTicking) return;
    this.#isTicking = true;
    void this.#goRound().finally(() => {
      this.#isTicking = false;
    });
  }

  async #goRound(): Promise<void> {
    const share = this.#pace.share();
    if (share === 0) return;
    if (this.#round.length === 0) {
      for (const unit of this.#units.all())
        if (this.#units.targetOf(unit) !== undefined) this.#round.push(unit);
      this.#round.reverse();
      this.#roundUnits = this.#round.length;
    }
    const units = this.#round.splice(-Math.min(share, this.#round.length));
    if (units.length === 0) return;
    const most = samplesKept(this.#roundUnits);
    const { readings, costMs } = await this.#read(units);
    this.#pace.spent(units.length, costMs);
    for (const { track, used, usage, atMs } of readings.values()) {
      if (atMs - track.sampledAtMs < HISTORY_MS / most - TICK_MS / 2) continue;
      track.sampledAtMs = atMs;
      track.history.add(track.life.sample(used, atMs, usage), most);
    }
  }

  async #usages(units: readonly K[]): Promise<ReadonlyMap<K, Usage>> {
    const usages = new Map<K, Usage>();
    for (let from = 0; from < units.length; from += AT_ONCE) {
      const { readings } = await this.#read(units.slice(from, from + AT_ONCE));
      for (const [unit, { usage }] of readings) usages.set(unit, usage);
    }
    return usages;
  }

  async #read(
    units: readonly K[],
  ): Promise<{ readonly readings: ReadonlyMap<K, Reading>; readonly costMs: number }> {
    const trees: { readonly unit: K; readonly ref: ProcessRef }[] = [];
    const processes: { readonly unit: K; readonly pid: number }[] = [];
    for (const unit of units) {
      const target = this.#units.targetOf(unit);
      if (target === undefined) continue;
      if ('pid' in target) processes.push({ unit, pid: target.pid });
      else trees.push({ unit, ref: target.ref });
    }
    const { keeper, pidfds, clock } = this.#sys;
    const [ofTrees, ofProcesses] = await Promise.all([
      told(trees, (done) => {
        keeper.consumption(
          trees.map(({ ref }) => ref),
          done,
        );
      }),
      told<ProcessConsumption>(processes, (done) => {
        pidfds.consumption(
          processes.map(({ pid }) => pid),
          done,
        );
      }),
    ]);
    const readings = new Map<K, Reading>();
    const now = { atMs: clock.monotonicMs(), atNs: clock.realtimeNs() };
    const take = (unit: K, of: number, used: Consumption | undefined, upSinceMs: () => number): void => {
      /* It may have ended, and another begun, while it was read. */
      if (used === undefined || nameOf(this.#units.targetOf(unit)) !== of) return;
      const track = this.#trackOf(unit, of, upSinceMs, now);
      readings.set(unit, { track, used, usage: track.life.take(used, now.atMs, now.atNs), atMs: now.atMs });
    };
    trees.forEach(({ unit, ref }, index) => {
      take(unit, nameOf({ ref }), ofTrees.used[index], () => keeper.entry(ref)?.startedAtMs ?? now.atMs);
    });
    processes.forEach(({ unit, pid }, index) => {
      const used = ofProcesses.used[index];
      take(unit, nameOf({ pid }), used, () => now.atMs - (used?.ageMs ?? 0));
    });
    return { readings, costMs: ofTrees.costMs + ofProcesses.costMs };
  }

  #lifeOf(unit: K): Life | undefined {
    const { of, life } = this.#tracks.get(unit) ?? {};
    return of === nameOf(this.#units.targetOf(unit)) ? life : undefined;
  }

  #trackOf(
    unit: K,
    of: number,
    upSinceMs: () => number,
    now: { readonly atMs: number; readonly atNs: bigint },
  ): Track {
    const known = this.#tracks.get(unit);
    if (known?.of === of) return known;
    const beganAtMs = upSinceMs();
    const life = new Life(beganAtMs, now.atNs + BigInt(Math.round((beganAtMs - now.atMs) * 1e6)));
    if (known !== undefined) {
      known.of = of;
      known.life = life;
      return known;
    }
    const track = { of, life, history: new History(), sampledAtMs: -Infinity };
    this.#tracks.set(unit, track);
    return track;
  }
}

/** What is read of nothing is nothing, and nobody is asked for it. */
async function told<C extends Consumption>(
  asked: readonly unknown[],
  ask: (done: (read: Consumptions<C>) => void) => void,
): Promise<Consumptions<C>> {
  if (asked.length === 0) return { used: [], costMs: 0 };
  return new Promise((resolve) => {
    ask(resolve);
  });
}

/** A generation as such, a process that is only watched below zero, nothing as 0: none of them is another's name. */
function nameOf(target: Target | undefined): number {
  if (target === undefined) return 0;
  return 'pid' in target ? -target.pid : target.ref.generation;
}
