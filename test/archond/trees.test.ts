import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { untilFile } from '../support/files.ts';
import { compileFixture } from '../support/fixture.ts';
import { isAlive } from '../support/processes.ts';
import { canMakeCgroups } from '../support/cgroups.ts';
import { ORDINARY_UID, TestSupervisor, type SupervisorOptions } from '../support/supervisor.ts';

const PROCESSES = 4;
const isRoot = process.getuid?.() === 0;

/** What keeps trees together where nothing is said about it. */
async function kindHere(options: SupervisorOptions): Promise<string> {
  await using supervisor = await TestSupervisor.start(options);
  await supervisor.ask('StartDaemon,sleep 1000,@label=probe');
  const status = await supervisor.ask('Status,probe');
  return status.find((line) => line.startsWith('Field,tree,'))?.split(',')[2] ?? '';
}

/** Starts it; returns its main process and all of its processes. */
async function escape(
  supervisor: TestSupervisor,
  program: string,
  label: string,
): Promise<{ main: number; all: number[] }> {
  const file = path.join(supervisor.folder, 'out', label);
  const [answer = ''] = await supervisor.ask(
    `StartDaemon,${program} ${file},@label=${label},@stop-timeout=50ms`,
  );
  const text = await untilFile(file, (content) => content.split('\n').length > PROCESSES);
  return { main: Number(answer.split(',')[2]), all: text.trim().split('\n').map(Number) };
}

async function show(options: SupervisorOptions): Promise<void> {
  await using supervisor = await TestSupervisor.start(options);
  const out = path.join(supervisor.folder, 'out');
  await mkdir(out);
  await chmod(out, 0o777);
  const program = compileFixture('escapee', out);
  const first = await escape(supervisor, program, 'first');
  const neighbour = await escape(supervisor, program, 'neighbour');
  expect(first.all.filter(isAlive)).toEqual(first.all);

  expect(await supervisor.ask('Stop,first')).toEqual(['Done,first,stopped', 'Ok,1']);
  expect(first.all.filter(isAlive)).toEqual([]);
  expect(neighbour.all.filter(isAlive)).toEqual(neighbour.all);

  /* What is left when the main process ends by itself goes too. */
  process.kill(neighbour.main, 'SIGKILL');
  expect(await supervisor.ask('Wait,neighbour', 'Wait,neighbour,@for=failed')).toEqual([
    'ExitStatus,137',
    'Ok',
  ]);
  expect(neighbour.all.filter(isAlive)).toEqual([]);
}

describe('a daemon that forks twice, starts sessions, clears its environment and ignores SIGTERM', () => {
  it('is gone to the last process after a stop, in a tree kept by a minder', async () => {
    await show({ tree: 'minder' });
  });

  it.runIf(canMakeCgroups())(
    'is gone to the last process after a stop, in a cgroup (needs root and a writable cgroup2)',
    async () => {
      expect(await kindHere({})).toBe('cgroup');
      await show({ tree: 'cgroup' });
    },
  );

  it.runIf(isRoot)(
    'is gone to the last process after a stop, of an ordinary user (needs root to become one)',
    async () => {
      await show({ uid: ORDINARY_UID });
    },
  );
});
