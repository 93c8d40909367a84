import { open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { untilFile } from '../../support/files.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { MIB, peakBytes } from '../../support/usage.ts';
import { shell } from '../client.ts';
import { TempFolder } from '../temp-folder.ts';

const BIG_BYTES = 1024 * MIB;
/** What a whole gigabyte may cost more than a few bytes do. */
const GROWTH_BYTES = 8 * MIB;

/** A file that is mostly holes, with something at odd places that tells what was lost, doubled or moved. */
async function makeFile(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(bytes);
  for (let at = 0; at < bytes; at += 1_000_003) await handle.write(`${at} `, at);
  await handle.close();
}

/** The most that archond, the keeper and archonctl have used when the command has read its input and has not ended yet. */
async function peaks(supervisor: TestSupervisor, folder: string, file: string): Promise<readonly number[]> {
  const script =
    'mkfifo gate; ' +
    `sh -c 'echo $$ > client; exec archonctl run -- sh -c "cat; echo > copied; read line < gate"' < ${file} | cmp - ${file}`;
  for (const name of ['copied', 'client', 'gate']) await rm(path.join(folder, name), { force: true });
  const done = shell(supervisor.socket, script, { cwd: folder });
  await untilFile(path.join(folder, 'copied'), (text) => text === '\n');
  const client = Number(await readFile(path.join(folder, 'client'), 'utf8'));
  const found = [await supervisor.decidingPid(), supervisor.pid, client].map(peakBytes);
  await writeFile(path.join(folder, 'gate'), '\n');
  expect(await done).toEqual({ code: 0, stdout: '', stderr: '' });
  return found;
}

it(
  'a gigabyte through archonctl run cat comes out as it went in, and nobody grows by it',
  { timeout: 300_000 },
  async () => {
    await using supervisor = await TestSupervisor.start();
    await using folder = await TempFolder.make();
    await makeFile(path.join(folder.path, 'small'), 100);
    await makeFile(path.join(folder.path, 'big'), BIG_BYTES);
    const before = await peaks(supervisor, folder.path, 'small');
    const after = await peaks(supervisor, folder.path, 'big');
    const names = ['archond', 'keeper', 'archonctl'];
    const inMib = (bytes: number): string => (bytes / MIB).toFixed(1);
    const figures = names.map((name, at) => `${name} ${inMib(before[at] ?? 0)} -> ${inMib(after[at] ?? 0)}`);
    console.log(`a gigabyte, most MiB used: ${figures.join(', ')}`);
    for (const [at, bytes] of after.entries())
      expect(bytes - (before[at] ?? 0), names[at]).toBeLessThan(GROWTH_BYTES);
  },
);
