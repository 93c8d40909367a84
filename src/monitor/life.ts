import type { Consumption } from '../sys/sys.ts';
import type { Sample, Usage } from './usage.ts';

/** A share of the processor is that of at least so long. */
const LEAST_SPAN_MS = 1000;

/** The processor time at an instant. */
interface Spent {
  readonly atMs: number;
  readonly cpuUs: number;
}

/** What was read of the processes of one generation of a unit, from which their shares and peaks are worked out. */
export class Life {
  readonly #upSinceNs: bigint;
  /** The last two readings that are far enough apart. */
  #base: Spent;
  #latest: Spent;
  /** The reading at the last sample. */
  #sampled: Spent;
  #read = 0;
  #written = 0;
  #cpuPeak = 0;
  #memoryPeak = 0;
  #usage: Usage | undefined;
  #usageAtMs = 0;

  /** @param upSinceMs when its process began, by the clock of `atMs` */
  constructor(upSinceMs: number, upSinceNs: bigint) {
    this.#upSinceNs = upSinceNs;
    this.#base = this.#latest = this.#sampled = { atMs: upSinceMs, cpuUs: 0 };
  }

  /** What was read last, if that was after then. */
  since(atMs: number): Usage | undefined {
    return this.#usageAtMs > atMs ? this.#usage : undefined;
  }

  /** What a reading means, beside those before. */
  take(used: Consumption, atMs: number, atNs: bigint): Usage {
    /* What processes had used that have ended and whom nobody of theirs waited for is not told any more: it was used all the same. */
    const now = { atMs, cpuUs: Math.max(this.#latest.cpuUs, used.cpuUs) };
    if (used.readBytes !== undefined) this.#read = Math.max(this.#read, used.readBytes);
    if (used.writtenBytes !== undefined) this.#written = Math.max(this.#written, used.writtenBytes);
    if (atMs - this.#latest.atMs >= LEAST_SPAN_MS) {
      this.#base = this.#latest;
      this.#latest = now;
    }
    const cpuPercent = shareOf(this.#base, now);
    /* Of a moment the share may be anything: it is no peak. */
    if (atMs - this.#base.atMs >= LEAST_SPAN_MS) this.#cpuPeak = Math.max(this.#cpuPeak, cpuPercent);
    this.#memoryPeak = Math.max(this.#memoryPeak, used.memoryBytes);
    this.#usageAtMs = atMs;
    this.#usage = {
      ...used,
      atNs,
      cpuPercent,
      readBytes: used.readBytes === undefined ? undefined : this.#read,
      writtenBytes: used.writtenBytes === undefined ? undefined : this.#written,
      cpuPeakPercent: this.#cpuPeak,
      memoryPeakBytes: this.#memoryPeak,
      upSinceNs: this.#upSinceNs,
    };
    return this.#usage;
  }

  /** The same for the history: the share is that since the sample before. */
  sample(used: Consumption, atMs: number, usage: Usage): Sample {
    const before = this.#sampled;
    this.#sampled = { atMs, cpuUs: Math.max(before.cpuUs, used.cpuUs) };
    const { memoryBytes, threads, descriptors, readBytes, writtenBytes } = usage;
    const cpuPercent = shareOf(before, this.#sampled);
    return {
      atS: Number(usage.atNs / 1_000_000_000n),
      cpuPercent,
      memoryBytes,
      threads,
      descriptors,
      readBytes,
      writtenBytes,
    };
  }
}

/** Of one processor, in percent. */
function shareOf(from: Spent, to: Spent): number {
  const spanMs = to.atMs - from.atMs;
  return spanMs <= 0 ? 0 : Math.max(0, (to.cpuUs - from.cpuUs) / 10 / spanMs);
}
