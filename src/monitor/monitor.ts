import type { Consumption, ProcessRef, Sys } from '../sys/sys.ts';
import { History } from './history.ts';
import { Life } from './life.ts';
import { HISTORY_MS, samplesKept, ticksARound } from './pace.ts';
import type { Sample, Usage } from './usage.ts';

/** So many are read before others have their turn, and as few are read anew each time. */
const MANY = 64;

/** Of more units together what was read so long ago is told again. */
const FRESH_MS = 5000;

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
  /** The process, or the generation, that `life` is of. */
  of: string;
  life: Life;
  readonly history: History;
}

/**
 * What units use: read when somebody asks, and by and by for their histories (`tick`). All of it is kept in memory, and
 * begins anew with archond.
 */
export class Monitor<K extends object> {
  readonly #sys: Sys;
  readonly #units: Units<K>;
  readonly #tracks = new WeakMap<K, Track>();
  /** Units that are still to be read in this round, and how many a tick. */
  #round: K[] = [];
  #share = 0;
  #isReading = false;

  constructor(sys: Sys, units: Units<K>) {
    this.#sys = sys;
    this.#units = units;
  }

  /** What the unit uses, read now; undefined where it has no process. */
  async read(unit: K): Promise<Usage | undefined> {
    return (await this.#read(unit))?.usage;
  }

  /**
   * What several units use, as far as it is known; of very many what was known some seconds ago will do. Others have their
   * turn while it is read.
   */
  async readAll(units: readonly K[]): Promise<ReadonlyMap<K, Usage>> {
    const all = new Map<K, Usage>();
    const freshMs = this.#sys.clock.monotonicMs() - FRESH_MS;
    for (const unit of units) {
      const life = units.length > MANY ? this.#lifeOf(unit) : undefined;
      const usage = life?.since(freshMs) ?? (await this.read(unit));
      if (usage !== undefined) all.set(unit, usage);
    }
    return all;
  }

  /** What it has used in the last hour, since then (whole seconds since 1970), oldest first. */
  history(unit: K, sinceS: number): readonly Sample[] {
    const nowS = Number(this.#sys.clock.realtimeNs() / 1_000_000_000n);
    const { history } = this.#tracks.get(unit) ?? {};
    return history?.since(Math.max(sinceS, nowS - HISTORY_MS / 1000)) ?? [];
  }

  /** To be called every `TICK_MS`: reads those that have their turn, for the histories. */
  tick(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const over = (): void => {
      this.#isReading = false;
    };
    this.#sample().then(over, over);
  }

  async #sample(): Promise<void> {
    if (this.#round.length === 0) {
      this.#round = [...this.#units.all()].filter((unit) => this.#units.targetOf(unit) !== undefined);
      this.#share = Math.ceil(this.#round.length / ticksARound(this.#round.length));
      this.#most = samplesKept(this.#round.length);
    }
    for (const unit of this.#round.splice(0, this.#share)) {
      const read = await this.#read(unit);
      if (read === undefined) continue;
      const { track, used, usage, atMs } = read;
      track.history.add(track.life.sample(used, atMs, usage), this.#most);
    }
  }
  #most = 0;

  async #read(unit: K): Promise<
    | {
        readonly track: Track;
        readonly used: Consumption;
        readonly usage: Usage;
        readonly atMs: number;
      }
    | undefined
  > {
    const target = this.#units.targetOf(unit);
    if (target === undefined) return undefined;
    const used = await this.#consumption(target);
    /* It may have ended, and another begun, while it was read. */
    const after = this.#units.targetOf(unit);
    if (used === undefined || after === undefined || nameOf(after) !== nameOf(target)) return undefined;
    const { clock } = this.#sys;
    const atMs = clock.monotonicMs();
    const track = this.#trackOf(unit, target, used.upSinceMs ?? atMs);
    return { track, used, usage: track.life.take(used, atMs, clock.realtimeNs()), atMs };
  }

  #lifeOf(unit: K): Life | undefined {
    const target = this.#units.targetOf(unit);
    const track = this.#tracks.get(unit);
    return target !== undefined && track?.of === nameOf(target) ? track.life : undefined;
  }

  #trackOf(unit: K, target: Target, upSinceMs: number): Track {
    const known = this.#tracks.get(unit);
    const of = nameOf(target);
    if (known?.of === of) return known;
    const { clock } = this.#sys;
    const upSinceNs = clock.realtimeNs() + BigInt(Math.round((upSinceMs - clock.monotonicMs()) * 1e6));
    const life = new Life(upSinceMs, upSinceNs);
    if (known !== undefined) Object.assign(known, { of, life });
    const track = known ?? { of, life, history: new History() };
    this.#tracks.set(unit, track);
    return track;
  }

  async #consumption(
    target: Target,
  ): Promise<(Consumption & { readonly upSinceMs: number | undefined }) | undefined> {
    const { keeper, pidfds, clock } = this.#sys;
    return new Promise((resolve) => {
      if ('pid' in target) {
        pidfds.consumption(target.pid, (used) => {
          resolve(used === undefined ? undefined : { ...used, upSinceMs: clock.monotonicMs() - used.ageMs });
        });
      } else {
        const upSinceMs = keeper.entry(target.ref)?.startedAtMs;
        keeper.consumption(target.ref, (used) => {
          resolve(used === undefined ? undefined : { ...used, upSinceMs });
        });
      }
    });
  }
}

function nameOf(target: Target): string {
  return 'pid' in target ? `pid ${target.pid}` : `generation ${target.ref.generation}`;
}
