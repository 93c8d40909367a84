import type { Consumption, Sys } from '../sys/sys.ts';
import { livePid } from './outcome.ts';
import type { UnitRecord } from './unit-record.ts';

/** A share of the processor is that of at least so long. */
const LEAST_SPAN_MS = 1000;

/** Of more units together nothing is read: it takes some twenty microseconds each. */
const MOST_AT_ONCE = 64;

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
    return { cpuPercent, memoryBytes: used.memoryBytes, upSinceNs: track.upSinceNs };
  }

  /** What several units use, as far as it is known; nothing where they are very many. */
  async readAll(records: readonly UnitRecord[]): Promise<ReadonlyMap<UnitRecord, Usage>> {
    const read = new Map<UnitRecord, Usage>();
    if (records.length > MOST_AT_ONCE) return read;
    for (const record of records) {
      const usage = await this.read(record);
      if (usage !== undefined) read.set(record, usage);
    }
    return read;
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
