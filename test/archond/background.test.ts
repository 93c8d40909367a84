import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allProcesses, environmentOf, isAlive } from '../support/processes.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { ROOT } from '../support/supervisor.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-background-'));
});
afterEach(async () => {
  const left = ours();
  for (const pid of left) process.kill(pid, 'SIGKILL');
  expect(left).toEqual([]);
  await rm(folder, { recursive: true });
});

/** The processes of supervisors that were started in the folder. */
function ours(): number[] {
  return allProcesses().filter(
    (pid) => environmentOf(pid).get('ARCHON_STATE') === `${folder}/state` && isAlive(pid),
  );
}

/** Calls archond without --foreground; resolves when it has ended and nobody holds its descriptors any more. */
async function archond(runtime = 'run', more: readonly string[] = []) {
  const args = ['--socket', `${folder}/${runtime}/s`, ...more];
  const env = { ...process.env, NODE_OPTIONS: undefined, ARCHON_STATE: `${folder}/state` };
  const child = spawn(path.join(ROOT, 'bin/archond'), args, { env, stdio: 'pipe' });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, printed };
}

async function ask(line: string): Promise<string> {
  const connection = createConnection(`${folder}/run/s`).setEncoding('latin1');
  let answer = '';
  connection.on('data', (text: string) => (answer += text));
  connection.end(`${line}\n`);
  await once(connection, 'close');
  return answer;
}

async function keeperPid(): Promise<number> {
  return Number(await readFile(`${folder}/run/lock`, 'utf8'));
}

/** Has archond log so many lines more. */
async function sayMore(lines: number): Promise<void> {
  for (let line = 0; line < lines; line += 1) {
    process.kill(await keeperPid(), 'SIGHUP');
    await ask('Version');
  }
}

async function shutDown(): Promise<void> {
  expect(await ask('Shutdown')).toBe('Ok\n');
  await expect.poll(ours).toEqual([]);
}

describe('archond in the background', () => {
  it('answers when the call comes back, and holds nothing of its caller', async () => {
    expect(await archond()).toEqual({ code: 0, printed: '' });
    expect(await ask('Version')).toMatch(/^Ok,archon,/);
    const log = `${folder}/state/log/archond.log`;
    const processes = ours();
    expect(processes).toHaveLength(2);
    for (const pid of processes) {
      const open = await Promise.all(['0', '1', '2'].map(async (fd) => readlink(`/proc/${pid}/fd/${fd}`)));
      expect(open).toEqual(['/dev/null', log, log]);
    }
    await expect.poll(async () => readFile(log, 'utf8')).toContain('"ready"');
    await shutDown();
    expect(await readdir(`${folder}/run`)).toEqual(['journal']);
  });

  it.runIf(SmallDisk.isPossible)(
    'goes on where its log finds no room, and comes up where it has none',
    async () => {
      using disk = SmallDisk.make(1_048_576);
      const log = disk.file('log/archond.log');
      const options = ['--log-dir', disk.file('log')];
      expect((await archond('run', options)).code).toBe(0);
      await expect.poll(async () => readFile(log, 'utf8')).toContain('"ready"');
      const keeper = await keeperPid();
      const deciding = ours().find((pid) => pid !== keeper) ?? 0;
      disk.fill(log);
      process.kill(deciding, 'SIGKILL');
      await expect.poll(ours).not.toContain(deciding);
      await expect.poll(async () => ask('Version').catch(() => '')).toMatch(/^Ok,archon,/);
      /* What is said by then is not to be written: each line tries anew. */
      await sayMore(3);
      expect(await readFile(log, 'utf8')).not.toContain('reload');
      disk.makeRoom();
      const saysAgain = async (): Promise<string> => {
        await sayMore(1);
        return readFile(log, 'utf8');
      };
      await expect.poll(saysAgain).toContain('reload');
      expect((await ask('Events')).split('what=started')).toHaveLength(1 + 2);
      await shutDown();

      await disk.makeReadOnly();
      const without = await archond('run', options);
      expect(without.code).toBe(0);
      expect(without.printed).toContain(`no log ${log}: Read-only file system`);
      expect(await ask('StartDaemon,echo said,@label=says')).toMatch(/^Ok,says,/);
      expect(await ask('Wait,says')).toBe('ExitStatus,0\n');
      await sayMore(3);
      expect((await ask('Events')).split('what=started')).toHaveLength(1 + 3);
      await shutDown();
    },
  );

  it('says what stands in the way where it cannot start, and leaves what it had locked', async () => {
    expect((await archond()).code).toBe(0);
    const keeper = (await readFile(`${folder}/run/lock`, 'utf8')).trim();
    const refused = await archond('other');
    expect(refused).toEqual({
      code: 1,
      printed: `archond: another supervisor (process ${keeper}) holds ${folder}/state/lock\n`,
    });
    expect(await readdir(`${folder}/other`)).toEqual([]);
    expect(await ask('Version')).toMatch(/^Ok,archon,/);
    await shutDown();
  });
});
