import { native } from '../native.ts';
import type { Consumptions, ProcessConsumption } from '../pidfds.ts';
import type { TreePlace } from './table.ts';

/** `enum figure` of native/helper/consumption.c: how many numbers each target has, and which they are. */
const FIGURES = 8;
const [PROCESSES, CPU_US, MEMORY, THREADS, DESCRIPTORS, READ_BYTES, WRITTEN_BYTES, AGE_MS] = [
  0, 1, 2, 3, 4, 5, 6, 7,
];

/** So many are read at once where they have few processes, which takes some 10 microseconds each: another thread would be asked for 50. */
const FEW = 8;
const FEW_PROCESSES = 64;

/** What trees use; undefined where nothing of one is left, or it is not known where it would be. */
export function consumptionOfTrees(
  places: readonly (TreePlace | undefined)[],
  done: (read: Consumptions) => void,
): void {
  read(places.map(targetOf), done);
}

/** What processes use, each alone. */
export function consumptionOfProcesses(
  pids: readonly number[],
  done: (read: Consumptions<ProcessConsumption>) => void,
): void {
  read(
    pids.map((pid) => `p${pid}`),
    done,
  );
}

function targetOf(place: TreePlace | undefined): string {
  if (place === undefined) return NOTHING;
  return place.kind === 'cgroup' ? `c${place.folder}` : `m${place.pid}`;
}

/** A process that there is not. */
const NOTHING = 'p0';

function read(targets: readonly string[], done: (read: Consumptions<ProcessConsumption>) => void): void {
  const bytes = Buffer.from(targets.map((target) => `${target}\0`).join(''), 'latin1');
  const tell = (told: ArrayBuffer): void => {
    const figures = new Float64Array(told);
    const used = targets.map((_, index) => consumptionAt(figures, index * FIGURES));
    done({ used, costMs: figures.at(-1) ?? 0 });
  };
  const now = targets.length <= FEW ? native.consumptionsNow(bytes, FEW_PROCESSES) : undefined;
  if (now === undefined && native.consumptions(bytes, tell)) return;
  queueMicrotask(() => {
    if (now !== undefined) tell(now);
    else done({ used: targets.map(() => undefined), costMs: 0 });
  });
}

function consumptionAt(figures: Float64Array, at: number): ProcessConsumption | undefined {
  const figure = (index: number): number => figures[at + index] ?? 0;
  if (figure(PROCESSES) === 0) return undefined;
  return {
    cpuUs: figure(CPU_US),
    memoryBytes: figure(MEMORY),
    processes: figure(PROCESSES),
    threads: figure(THREADS),
    descriptors: known(figure(DESCRIPTORS)),
    readBytes: known(figure(READ_BYTES)),
    writtenBytes: known(figure(WRITTEN_BYTES)),
    ageMs: figure(AGE_MS),
  };
}

function known(figure: number): number | undefined {
  return figure < 0 ? undefined : figure;
}
