import type { Consumption, ResourceUsage, TreeMember } from '../sys.ts';
import type { FakeProcess } from './process.ts';

/** A process as /proc would show it. `orphansParent`: of one whose parent is not in the fake. */
export function memberOf(process: FakeProcess, orphansParent: number): TreeMember {
  return {
    pid: process.pid,
    parent: process.parent?.pid ?? orphansParent,
    state: process.stateLetter,
    words: process.attributes.argv.map((word) => Buffer.from(word).toString('latin1')),
  };
}

/** Bytes that `ru_inblock` and `ru_oublock` count as one (getrusage(2)). */
const BLOCK_BYTES = 512;

/** What processes use, which in the fake is what they have been given to have used; undefined where none is alive. */
export function consumptionOf(processes: readonly FakeProcess[]): Consumption | undefined {
  const alive = processes.filter((process) => process.alive);
  if (alive.length === 0) return undefined;
  const sum = (of: (usage: ResourceUsage) => number): number =>
    alive.reduce((total, { usage }) => total + of(usage), 0);
  return {
    cpuUs: sum(({ userUs, systemUs }) => userUs + systemUs),
    memoryBytes: sum(({ maxRssKib }) => maxRssKib * 1024),
    processes: alive.length,
    threads: alive.length,
    descriptors: alive.reduce((total, { files }) => total + files.size, 0),
    readBytes: sum(({ blocksIn }) => blocksIn * BLOCK_BYTES),
    writtenBytes: sum(({ blocksOut }) => blocksOut * BLOCK_BYTES),
  };
}

/** Milliseconds of processor that it takes to read what so many trees use, about as on a real machine. */
export function costOf(trees: number): number {
  return trees * 0.01;
}
