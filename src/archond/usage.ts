import type { Consumption, Sys } from '../sys/sys.ts';
import { livePid } from './outcome.ts';
import type { UnitRecord } from './unit-record.ts';

/** A share of the processor is that of at least so long. */
const LEAST_SPAN_MS = 1000;

/** So many are read before others have their turn, and as few are read anew each time: it takes some fifty microseconds each. */
const MANY = 64;

/** Of more units together what was read so long ago is told again. */
const FRESH_MS = 5000;

/** What a unit uses now. */
export interface Usage {
  /** Of one processor, in percent: since the unit was asked about before, at least a second ago, else since its start. */
  readonly cpuPercent: number;
  /** Resident memory of all its processes. */
  readonly memoryBytes: number;
  /** When its process began; nanoseconds since 1970, the same at each asking. */
  readonly upSinceNs: bigint;
}

/** The processor time at an instant. */
interface Sample {
  readonly atMs: number;
  readonly cpuUs: number;
}

/** The last two samples of one process that are far enough apart. */
interface Track {
  readonly pid: number;
  readonly upSinceNs: bigint;
  base: Sample;
  latest: Sample;
  /** What was read last, and when. */
  read?: { readonly atMs: number; readonly usage: Usage };
}

/** Reads what units use at the moment in which somebody asks; nothing is read where nobody does. */
export class UsageMeter {
  readonly #sys: Sys;
  readonly #tracks = new WeakMap<UnitRecord, Track>();

  constructor(sys: Sys) {
    this.#sys = sys;
  }

  /** What the unit uses; undefined where it has no process. */
  async read(record: UnitRecord): Promise<Usage | undefined> {
    const pid = livePid(record);
    if (pid === undefined) return undefined;
    const used = await this.#consumption(record, pid);
    /* It may have ended, and another begun, while it was read. */
    if (used === undefined || livePid(record) !== pid) return undefined;
    const now = { atMs: this.#sys.clock.monotonicMs(), cpuUs: used.cpuUs };
    const track = this.#trackOf(record, pid, used.upSinceMs ?? now.atMs);
    if (now.atMs - track.latest.atMs >= LEAST_SPAN_MS) {
      track.base = track.latest;
      track.latest = now;
    }
    const spanMs = now.atMs - track.base.atMs;
    const cpuPercent = spanMs <= 0 ? 0 : Math.max(0, (now.cpuUs - track.base.cpuUs) / 10 / spanMs);
    const usage = { cpuPercent, memoryBytes: used.memoryBytes, upSinceNs: track.upSinceNs };
    track.read = { atMs: now.atMs, usage };
    return usage;
  }

  /**
   * What several units use, as far as it is known; of very many what was known some seconds ago will do. Others have their
   * turn while it is read.
   */
  async readAll(
    records: readonly UnitRecord[],
    turn: () => Promise<void>,
  ): Promise<ReadonlyMap<UnitRecord, Usage>> {
    const all = new Map<UnitRecord, Usage>();
    let count = 0;
    for (const record of records) {
      let usage = records.length > MANY ? this.#fresh(record) : undefined;
      if (usage === undefined && livePid(record) !== undefined) {
        count += 1;
        if (count % MANY === 0) await turn();
        usage = await this.read(record);
      }
      if (usage !== undefined) all.set(record, usage);
    }
    return all;
  }

  #fresh(record: UnitRecord): Usage | undefined {
    const { pid, read } = this.#tracks.get(record) ?? {};
    if (read === undefined || pid !== livePid(record)) return undefined;
    return this.#sys.clock.monotonicMs() - read.atMs < FRESH_MS ? read.usage : undefined;
  }

  #trackOf(record: UnitRecord, pid: number, upSinceMs: number): Track {
    const known = this.#tracks.get(record);
    if (known?.pid === pid) return known;
    const { clock } = this.#sys;
    const start = { atMs: upSinceMs, cpuUs: 0 };
    const upSinceNs = clock.realtimeNs() + BigInt(Math.round((upSinceMs - clock.monotonicMs()) * 1e6));
    const track = { pid, upSinceNs, base: start, latest: start };
    this.#tracks.set(record, track);
    return track;
  }

  async #consumption(
    { ref, watched }: UnitRecord,
    pid: number,
  ): Promise<(Consumption & { readonly upSinceMs: number | undefined }) | undefined> {
    const { keeper, pidfds, clock } = this.#sys;
    return new Promise((resolve) => {
      if (watched !== undefined) {
        pidfds.consumption(pid, (used) => {
          resolve(used === undefined ? undefined : { ...used, upSinceMs: clock.monotonicMs() - used.ageMs });
        });
      } else if (ref === undefined) {
        resolve(undefined);
      } else {
        const upSinceMs = keeper.entry(ref)?.startedAtMs;
        keeper.consumption(ref, (used) => {
          resolve(used === undefined ? undefined : { ...used, upSinceMs });
        });
      }
    });
  }
}

/** The share of the processor as records write it: percent with one digit of fraction. */
export function formatPercent({ cpuPercent }: Usage): string {
  return cpuPercent.toFixed(1);
}
