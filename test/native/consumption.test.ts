import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { consumptionOfProcesses, consumptionOfTrees } from '../../src/sys/real/consumption.ts';
import type { TreePlace } from '../../src/sys/real/table.ts';
import type { Consumption, Consumptions } from '../../src/sys/sys.ts';
import { Folder } from './support.ts';

/** They stay for as long as somebody holds the other end of their standard input. */
const STDIO = ['pipe', 'ignore', 'ignore'] as const;

async function ofTrees(...places: (TreePlace | undefined)[]): Promise<Consumptions> {
  return new Promise((resolve) => {
    consumptionOfTrees(places, resolve);
  });
}

async function ofProcesses(pids: readonly number[]): Promise<Consumptions> {
  return new Promise((resolve) => {
    consumptionOfProcesses(pids, resolve);
  });
}

/** Files that look like those of a cgroup, with these processes in it and what its controllers would say. */
async function cgroup(
  folder: Folder,
  name: string,
  pids: readonly number[],
  files: Readonly<Record<string, string>> = {},
): Promise<TreePlace & { readonly kind: 'cgroup' }> {
  const path = folder.file(name);
  await mkdir(path, { recursive: true });
  const all = { 'cgroup.procs': pids.map((pid) => `${pid}\n`).join(''), ...files };
  for (const [file, text] of Object.entries(all)) await writeFile(`${path}/${file}`, text);
  return { kind: 'cgroup', folder: path };
}

const own = process.pid;

/** VmRSS, in bytes (proc(5)). */
const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;

describe('What a cgroup uses', () => {
  it('is what its processes do, those of the cgroups below it included, and the time that it counts itself', async () => {
    await using folder = await Folder.make();
    const children = [1, 2].map(() => folder.start('cat', [], [...STDIO]));
    await Promise.all(children.map(async (child) => once(child, 'spawn')));
    const [one = 0, other = 0] = children.map(({ pid }) => pid);
    const place = await cgroup(folder, 'tree', [own], { 'cpu.stat': 'usage_usec 1234567\nuser_usec 1\n' });
    await cgroup(folder, 'tree/below', [one]);
    await cgroup(folder, 'tree/below/deeper', [other]);
    const [used] = (await ofTrees(place)).used;
    expect(used).toMatchObject({ processes: 3, cpuUs: 1_234_567 });
    expect(used?.threads).toBeGreaterThan(3);
    expect(used?.memoryBytes).toBeGreaterThan(residentBytes(own) / 2);
  });

  it('in memory is what the controller says, without what was read from files long ago', async () => {
    await using folder = await Folder.make();
    const stat = 'anon 1\nfile 4096\ninactive_anon 7\ninactive_file 3000000\nactive_file 3\n';
    const files = { 'memory.current': '10000000\n', 'memory.stat': stat };
    const place = await cgroup(folder, 'tree', [own], files);
    expect((await ofTrees(place)).used[0]?.memoryBytes).toBe(7_000_000);
    const odd = await cgroup(folder, 'odd', [own], { ...files, 'memory.stat': 'anon 1\n' });
    expect((await ofTrees(odd, place)).used.map((used) => used?.memoryBytes)).toEqual([
      10_000_000, 7_000_000,
    ]);
  });

  it('is nothing where it is gone, or empty, or names processes that are none', async () => {
    await using folder = await Folder.make();
    const empty = await cgroup(folder, 'empty', [], { 'cpu.stat': 'usage_usec 5\n' });
    const over = await cgroup(folder, 'over', [4_194_303, 4_194_302]);
    const gone: TreePlace = { kind: 'cgroup', folder: folder.file('gone') };
    expect((await ofTrees(empty, over, gone, undefined)).used).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is read to the end, however many processes it has, and without holding up the loop', async () => {
    await using folder = await Folder.make();
    const many = Array.from({ length: 3000 }, () => own);
    const place = await cgroup(folder, 'tree', [...many, 4_194_303]);
    let isRead = false;
    const reading = ofTrees(place).then((read) => {
      isRead = true;
      return read;
    });
    await Promise.resolve();
    expect(isRead).toBe(false);
    const { used, costMs } = await reading;
    expect(used[0]?.processes).toBe(3000);
    expect(costMs).toBeGreaterThan(1);
  });
});

describe('What a minder keeps together', () => {
  it('is all below it, children of any thread, and not the minder itself', async () => {
    await using folder = await Folder.make();
    const child = folder.start('/bin/sh', ['-c', "sh -c 'cat; :' | cat"], [...STDIO]);
    const place = { kind: 'minder', pid: child.pid ?? 0 } as const;
    const ask = async (): Promise<Consumption | undefined> => (await ofTrees(place)).used[0];
    await expect.poll(async () => (await ask())?.processes).toBe(3);
    expect(await ask()).toMatchObject({ threads: 3 });
  });
});

describe('What a process uses', () => {
  it('is what the kernel says of it', async () => {
    const [used] = (await ofProcesses([own])).used;
    const io = readFileSync('/proc/self/io', 'latin1');
    const [, written = ''] = /^write_bytes: (\d+)$/m.exec(io) ?? [];
    expect(used?.writtenBytes).toBeLessThanOrEqual(Number(written));
    expect(used?.descriptors).toBeGreaterThan(3);
    expect(used?.threads).toBeGreaterThan(1);
    expect(used?.memoryBytes).toBeGreaterThan(1 << 20);
  });

  it('is told of many in one go, in their order', async () => {
    const asked = Array.from({ length: 500 }, (_, at) => (at % 3 === 0 ? 4_194_303 : own));
    const { used } = await ofProcesses(asked);
    expect(used.map((each) => each?.processes)).toEqual(asked.map((pid) => (pid === own ? 1 : undefined)));
    expect((await ofProcesses([])).used).toEqual([]);
  });

  it('is nothing once it has ended, reaped or not', async () => {
    const child = spawn('/bin/true');
    const { pid = 0 } = child;
    await expect
      .poll(async () => (await ofProcesses([pid])).used[0], { message: 'it has ended' })
      .toBe(undefined);
    if (child.exitCode === null) await once(child, 'exit');
  });
});
