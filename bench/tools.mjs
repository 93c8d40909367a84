import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cc } from '../scripts/native.mjs';
import { ROOT, collect } from '../scripts/process.mjs';

export { pause };
const BUILT = path.join(ROOT, 'build/bench');
export const SERVICE = path.join(BUILT, 'service');
export const WRITER = path.join(BUILT, 'writer');
export const FLOOR = path.join(BUILT, 'floor');
const GAUGE = path.join(BUILT, 'gauge');
export const RECORD_BYTES = 16;
const LIMIT_MS = 120_000;

/** Compiles the C of the bench. */
export async function compile() {
  await mkdir(BUILT, { recursive: true });
  for (const name of ['service', 'gauge', 'floor', 'writer']) {
    const args = ['-O2', '-std=gnu11', '-static', `bench/c/${name}.c`, '-o', path.join(BUILT, name)];
    const { code, output } = await cc(args);
    if (code !== 0) throw new Error(`the C compiler refused bench/c/${name}.c:\n${output}`);
  }
}

/**
 * Runs the gauge (bench/c/gauge.c).
 *
 * @param {readonly (string | number)[]} args
 * @returns {Promise<{ ns: number[], last: string }>}
 */
export async function gauge(...args) {
  const env = { ...process.env };
  // On Node 20 it adds 38 ms to each start, whatever is started.
  delete env['NODE_EXTRA_CA_CERTS'];
  const { code, output } = await collect(GAUGE, args.map(String), { env });
  const lines = output.trimEnd().split('\n');
  if (code !== 0) throw new Error(`gauge ${args.join(' ')}: ${output.trim()}`);
  return { ns: lines.slice(0, -1).map(Number), last: lines.at(-1) ?? '' };
}

/** What services have noted: when each life began, of whom, by which pid. */
export class Records {
  /** @param {string} file */
  constructor(file) {
    this.file = file;
    writeFileSync(file, '');
  }

  /** @returns {{ atNs: bigint, id: number, pid: number }[]} in the order written */
  read() {
    const bytes = readFileSync(this.file);
    const count = Math.floor(bytes.length / RECORD_BYTES);
    return Array.from({ length: count }, (_, index) => {
      const at = index * RECORD_BYTES;
      return {
        atNs: bytes.readBigUInt64LE(at),
        id: bytes.readUInt32LE(at + 8),
        pid: bytes.readUInt32LE(at + 12),
      };
    });
  }

  /**
   * Waits until so many lives have begun.
   *
   * @param {number} count
   */
  async until(count) {
    await until(() => this.read().length >= count, `${count} lives`);
    return this.read();
  }

  /** @returns {Map<number, number[]>} the living pids of each that ever lived */
  living() {
    /** @type {Map<number, number[]>} */
    const found = new Map();
    for (const { id, pid } of this.read()) {
      const pids = found.get(id) ?? [];
      if (isService(pid) && !pids.includes(pid)) pids.push(pid);
      found.set(id, pids);
    }
    return found;
  }
}

/**
 * @param {() => boolean} isSo
 * @param {string} what
 */
export async function until(isSo, what) {
  const lateAtMs = Date.now() + LIMIT_MS;
  while (!isSo()) {
    if (Date.now() > lateAtMs) throw new Error(`waited in vain for ${what}`);
    await pause(2);
  }
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z');
  } catch {
    return false;
  }
}

/** @param {number} pid */
function isService(pid) {
  try {
    return isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(`${SERVICE}\0`);
  } catch {
    return false;
  }
}

/**
 * Starts what stays: a supervisor.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Record<string, string | undefined>} [env]
 */
export function launch(command, args, env = {}) {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  child.on('error', () => undefined);
  return child;
}

/** @param {import('node:child_process').ChildProcess} child */
export async function ended(child) {
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) await pause(5);
}

/** @param {number} pid @returns {number[]} all below it, itself first, services left out */
export function ownTree(pid) {
  if (!isAlive(pid) || isService(pid)) return [];
  const tasks = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(tasks)
    ? readFileSync(tasks, 'latin1').split(' ').filter(Boolean).map(Number)
    : [];
  return [pid, ...children.flatMap(ownTree)];
}

/** @param {readonly number[]} pids @returns {number} KiB that they have of their own or share with others in part */
export function pssKiB(pids) {
  return sum(pids, (pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0),
  );
}

/** @param {number} pid @returns {number} KiB that it has in memory, shared with others or not */
export const rssKiB = (pid) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);

/** @param {number} pid @returns {number} how many descriptors it has */
export const openFiles = (pid) => readdirSync(`/proc/${pid}/fd`).length;

/** @param {readonly number[]} pids @returns {number} nanoseconds on a processor (proc(5), schedstat), of all threads that there are: the file of a process is that of its first one */
export function cpuNs(pids) {
  return sum(pids, (pid) =>
    sum(readdirSync(`/proc/${pid}/task`).map(Number), (task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]),
    ),
  );
}

/**
 * @param {readonly number[]} pids
 * @param {(pid: number) => number} of
 */
function sum(pids, of) {
  return pids.reduce((total, pid) => total + of(pid), 0);
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
