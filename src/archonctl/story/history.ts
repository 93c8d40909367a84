import { textOf } from '../../protocol/bytes.ts';
import { numberOf } from '../print/unit.ts';
import type { Measure } from '../draw/spark.ts';

/** What a unit used at an instant of the past; undefined what is not known. */
export interface Sample {
  /** Unix seconds. */
  readonly at: number;
  /** Of one processor, in percent. */
  readonly cpu: Measure;
  /** Bytes. */
  readonly memory: Measure;
  readonly descriptors: Measure;
  readonly threads: Measure;
  /** Bytes a second from and to storage since the sample before. */
  readonly read: Measure;
  readonly written: Measure;
}

/** What can be drawn of a sample. */
export type Quantity = Exclude<keyof Sample, 'at'>;

/** The samples of `Sample` records, oldest first; what was read and written, which these count up, as rates. */
export function samplesOf(records: readonly (readonly string[])[]): readonly Sample[] {
  let before: { readonly at: number; readonly read: Measure; readonly written: Measure } | undefined;
  return records.flatMap((fields) => {
    const [at, cpu, memory, descriptors, threads, read, written] = fields.map(
      (field) => numberOf(textOf(field)) ?? undefined,
    );
    if (at === undefined) return [];
    const seconds = before === undefined ? 0 : at - before.at;
    const sample = {
      at,
      cpu,
      memory,
      descriptors,
      threads,
      read: rate(before?.read, read, seconds),
      written: rate(before?.written, written, seconds),
    };
    before = { at, read, written };
    return [sample];
  });
}

/** What counts anew, because another process has begun, has no rate there. */
function rate(from: Measure, to: Measure, seconds: number): Measure {
  if (from === undefined || to === undefined || seconds <= 0 || to < from) return undefined;
  return (to - from) / seconds;
}

/** How much longer than usual two samples are apart where there was nothing to be seen between them. */
const GAP_FACTOR = 2.5;

/** Seconds between two samples from which on there is a gap between them. */
export function gapOf(samples: readonly Sample[]): number {
  const steps = samples
    .slice(1)
    .map(({ at }, index) => at - (samples[index]?.at ?? at))
    .sort((one, other) => one - other);
  return GAP_FACTOR * (steps[steps.length >> 1] ?? Infinity);
}

/** Samples that follow each other without a gap, together; a run of those of which that quantity is known. */
export function runsOf(samples: readonly Sample[], quantity: Quantity): readonly (readonly Sample[])[] {
  const gap = gapOf(samples);
  const runs: Sample[][] = [];
  let last: Sample | undefined;
  for (const sample of samples) {
    if (sample[quantity] === undefined) {
      last = undefined;
      continue;
    }
    if (last === undefined || sample.at - last.at > gap) runs.push([]);
    runs.at(-1)?.push(sample);
    last = sample;
  }
  return runs;
}

/**
 * The quantity in so many parts of the time between two instants, the most in each part; between two samples without a
 * gap what the earlier one had. Undefined where nothing was.
 */
export function binned(
  samples: readonly Sample[],
  quantity: Quantity,
  from: number,
  to: number,
  count: number,
): readonly Measure[] {
  const bins = new Array<Measure>(count).fill(undefined);
  const binAt = (at: number): number =>
    Math.min(count - 1, Math.max(0, Math.floor(((at - from) / (to - from || 1)) * count)));
  const raise = (bin: number, value: number): void => {
    bins[bin] = Math.max(bins[bin] ?? 0, value);
  };
  for (const run of runsOf(samples, quantity)) {
    for (const [index, { at, [quantity]: value = 0 }] of run.entries()) {
      raise(binAt(at), value);
      const next = run[index + 1];
      if (next === undefined) continue;
      for (let bin = binAt(at) + 1; bin < binAt(next.at); bin += 1) raise(bin, value);
    }
  }
  return bins;
}

/** The most and the latest of a quantity; undefined where there is none. */
export function extremesOf(
  samples: readonly Sample[],
  quantity: Quantity,
): { readonly most: number; readonly least: number; readonly last: number } | undefined {
  const values = samples.flatMap((sample) => sample[quantity] ?? []);
  const last = values.at(-1);
  if (last === undefined) return undefined;
  return {
    most: values.reduce((most, value) => Math.max(most, value)),
    least: values.reduce((least, value) => Math.min(least, value)),
    last,
  };
}
