import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Consumption } from '../sys.ts';
import { lateFiles } from './late-files.ts';
import type { TreePlace } from './table.ts';
import { descendantsOf, numbersIn } from './tree-members.ts';

/** Files of the kernel are read at once, since nobody can make them wait; but no more of them in one turn. */
const FILES_A_TURN = 64;

/** clock_t of proc(5) is in USER_HZ, which is 100 on every architecture that Node runs on. */
const US_PER_TICK = 10_000;

const AT_PAGESZ = 6n;

/** What a tree uses; undefined where nothing of it is left. */
export async function consumptionOfTree(place: TreePlace): Promise<Consumption | undefined> {
  return place.kind === 'cgroup' ? ofCgroup(place.folder) : ofMinder(place.pid);
}

/** What one process uses, and its age. */
export function consumptionOfProcess(pid: number): (Consumption & { readonly ageMs: number }) | undefined {
  const used = processOf(pid);
  if (used?.isAlive !== true) return undefined;
  const [uptime = ''] = textOf('/proc/uptime').split(' ');
  const ageMs = Number(uptime) * 1000 - (used.startTicks * US_PER_TICK) / 1000;
  const { memoryBytes, threads, readBytes, writtenBytes } = used;
  return {
    ...{ cpuUs: used.ownUs, memoryBytes, processes: 1, threads, readBytes, writtenBytes, ageMs },
    descriptors: descriptorsOf(pid),
  };
}

/** The cgroup counts the time of all that were ever in it; it does so without any controller (cgroup-v2, cpu.stat). */
async function ofCgroup(folder: string): Promise<Consumption | undefined> {
  const [, total] = /^usage_usec (\d+)$/m.exec(textOf(`${folder}/cpu.stat`)) ?? [];
  const pids = await pidsOf(folder);
  const used = await sumOf(pids);
  if (used === undefined) return undefined;
  return { ...used, cpuUs: total === undefined ? used.cpuUs : Number(total) };
}

/** Of the cgroup and of those below it. */
async function pidsOf(folder: string): Promise<number[]> {
  let pids: number[];
  try {
    pids = numbersIn(readFileSync(`${folder}/cgroup.procs`, 'latin1'));
    /* A folder has two links of its own, and one from each below it. */
    if (statSync(folder).nlink <= 2) return pids;
  } catch {
    return [];
  }
  const entries = await (await lateFiles()).readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries)
    if (entry.isDirectory()) pids.push(...(await pidsOf(`${folder}/${entry.name}`)));
  return pids;
}

/** The minder has waited for whoever outlived its parent. */
async function ofMinder(minder: number): Promise<Consumption | undefined> {
  const used = await sumOf(await descendantsOf(minder));
  if (used === undefined) return undefined;
  return { ...used, cpuUs: used.cpuUs + (processOf(minder)?.childrenUs ?? 0) };
}

async function sumOf(pids: readonly number[]): Promise<Consumption | undefined> {
  let sum: Consumption | undefined;
  for (const [index, pid] of pids.entries()) {
    if (index > 0 && index % FILES_A_TURN === 0) await setImmediate();
    const used = processOf(pid);
    if (used?.isAlive !== true) continue;
    sum = {
      cpuUs: (sum?.cpuUs ?? 0) + used.ownUs + used.childrenUs,
      memoryBytes: (sum?.memoryBytes ?? 0) + used.memoryBytes,
      processes: (sum?.processes ?? 0) + 1,
      threads: (sum?.threads ?? 0) + used.threads,
      descriptors: plus(sum, sum?.descriptors, descriptorsOf(pid)),
      readBytes: plus(sum, sum?.readBytes, used.readBytes),
      writtenBytes: plus(sum, sum?.writtenBytes, used.writtenBytes),
    };
  }
  return sum;
}

/** What is not known of one process is not known of all of them. */
function plus(
  sum: object | undefined,
  one: number | undefined,
  other: number | undefined,
): number | undefined {
  if (sum === undefined) return other;
  return one === undefined || other === undefined ? undefined : one + other;
}

function descriptorsOf(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

interface ProcessUse {
  readonly isAlive: boolean;
  readonly ownUs: number;
  /** Of those of its children that it has waited for. */
  readonly childrenUs: number;
  readonly memoryBytes: number;
  readonly startTicks: number;
  readonly threads: number;
  readonly readBytes: number | undefined;
  readonly writtenBytes: number | undefined;
}

/** By proc(5), `stat`; its name may hold any byte, so the fields are counted from the closing parenthesis on. */
function processOf(pid: number): ProcessUse | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const close = stat.lastIndexOf(')');
  if (close < 0) return undefined;
  const fields = stat.slice(close + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const io = textOf(`/proc/${pid}/io`);
  return {
    isAlive: fields[0] !== 'Z' && fields[0] !== 'X',
    ownUs: (field(14) + field(15)) * US_PER_TICK,
    childrenUs: (field(16) + field(17)) * US_PER_TICK,
    memoryBytes: field(24) * pageBytes(),
    startTicks: field(22),
    threads: field(20),
    readBytes: numberOf(io, /^read_bytes: (\d+)$/m),
    writtenBytes: numberOf(io, /^write_bytes: (\d+)$/m),
  };
}

function numberOf(text: string, pattern: RegExp): number | undefined {
  const [, digits] = pattern.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

const buffer = Buffer.allocUnsafe(4096);

/** The beginning of a small file of the kernel; empty where it cannot be read. */
function textOf(file: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0));
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

let knownPageBytes: number | undefined;

/** The page size that the kernel tells every program (getauxval(3)). */
function pageBytes(): number {
  knownPageBytes ??= readPageBytes();
  return knownPageBytes;
}

function readPageBytes(): number {
  const words = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer);
  for (let at = 0; at + 1 < words.length; at += 2) if (words[at] === AT_PAGESZ) return Number(words[at + 1]);
  return 4096;
}
