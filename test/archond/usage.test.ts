import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { canMakeCgroups } from '../support/cgroups.ts';
import { untilFile } from '../support/files.ts';
import { compileFixture } from '../support/fixture.ts';
import { MIB } from '../support/usage.ts';
import { ORDINARY_UID, TestSupervisor, type SupervisorOptions } from '../support/supervisor.ts';

const isRoot = process.getuid?.() === 0;

/** What test/fixtures/consumer.c has, in two processes together. */
const LEAST = { processes: 2, threads: 8, descriptors: 80, memory: 64 * MIB, written: 2 * MIB } as const;

/** The fields of `Usage` behind the label, in their order. */
const USAGE = [
  'time',
  'cpu',
  'memory',
  'descriptors',
  'threads',
  'processes',
  'read',
  'written',
  'cpu-peak',
  'memory-peak',
] as const;
type Used = Readonly<Record<(typeof USAGE)[number], number>>;

/** What `Usage` says of each unit, by label. */
async function usageOf(supervisor: TestSupervisor, request = 'Usage'): Promise<Record<string, Used>> {
  const lines = (await supervisor.ask(request)).map((line) => line.split(','));
  const [ok, count] = lines.pop() ?? [];
  expect([ok, count]).toEqual(['Ok', String(lines.length)]);
  const all = lines.map(([kind, label = '', ...values]): [string, Used] => {
    expect([kind, values.length]).toEqual(['Usage', USAGE.length]);
    return [label, Object.fromEntries(USAGE.map((name, at) => [name, Number(values[at])])) as Used];
  });
  expect(all.map(([label]) => label)).toEqual(all.map(([label]) => label).sort());
  return Object.fromEntries(all);
}

async function fieldsOf(supervisor: TestSupervisor, label: string): Promise<Record<string, string>> {
  const lines = (await supervisor.ask(`Status,${label}`)).map((line) => line.split(','));
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value]));
}

async function show(options: SupervisorOptions): Promise<void> {
  await using supervisor = await TestSupervisor.start(options);
  const out = path.join(supervisor.folder, 'out');
  await mkdir(out);
  await chmod(out, 0o777);
  const program = compileFixture('consumer', out);
  await supervisor.ask(
    `StartDaemon,${program} ${out},@label=consumer`,
    'StartDaemon,sleep 1000,@label=idle',
    'StartDaemon,true,@label=over',
  );
  await untilFile(path.join(out, 'main'), () => true);
  await untilFile(path.join(out, 'child'), () => true);

  const { consumer, idle, ...others } = await usageOf(supervisor);
  expect(others).toEqual({});
  for (const [name, least] of Object.entries(LEAST))
    expect(consumer?.[name as keyof typeof LEAST]).toBeGreaterThanOrEqual(least);
  expect(consumer?.['memory-peak']).toBeGreaterThanOrEqual(consumer?.memory ?? Infinity);
  expect(idle).toMatchObject({ processes: 1, threads: 1, written: 0 });
  expect(idle?.descriptors).toBeGreaterThan(2);
  expect(idle?.descriptors).toBeLessThan(LEAST.descriptors);

  /* It burns one processor, which it may have to share. */
  await expect
    .poll(async () => (await usageOf(supervisor, 'Usage,consumer'))['consumer']?.['cpu-peak'])
    .toBeGreaterThan(5);
  await supervisor.ask('Signal,USR1,consumer');
  await expect
    .poll(async () => (await usageOf(supervisor, 'Usage,con*'))['consumer']?.cpu, { timeout: 50_000 })
    .toBeLessThan(5);
  const rested = (await usageOf(supervisor))['consumer'];
  expect(rested?.['cpu-peak']).toBeGreaterThan(5);

  const status = await fieldsOf(supervisor, 'consumer');
  for (const [name, least] of Object.entries(LEAST))
    expect(Number(status[name])).toBeGreaterThanOrEqual(least);
  expect(Number(status['cpu-peak'])).toBeGreaterThan(5);
  expect(Number(status['memory-peak'])).toBeGreaterThanOrEqual(LEAST.memory);
  expect(status['exit-maxrss']).toBe(undefined);

  /* What it has used in its life stays, and what it uses goes. */
  await supervisor.ask('Stop,consumer');
  const stopped = await fieldsOf(supervisor, 'consumer');
  expect(Object.keys(stopped)).not.toContain('descriptors');
  expect(Number(stopped['exit-maxrss'])).toBeGreaterThan(LEAST.memory / 2);
  expect(Number(stopped['exit-utime'])).toBeGreaterThan(0);
  expect(await supervisor.ask('Usage,consumer', 'Usage,nothing*')).toEqual(['Ok,0', 'Ok,0']);
  expect((await supervisor.ask('Usage,nothing'))[0]).toMatch(/^Error,.*,not-found$/);
}

/** A share of the processor takes seconds to be told, and more of them on a busy machine. */
const PATIENCE = { timeout: 180_000 };

describe('Usage', () => {
  it('tells what the whole tree uses, kept together by a minder', PATIENCE, async () => {
    await show({ tree: 'minder' });
  });

  it.skipIf(!canMakeCgroups())('tells what the whole tree uses, in a cgroup', PATIENCE, async () => {
    await show({ tree: 'cgroup' });
  });

  it.skipIf(!isRoot)('tells it to an ordinary user (needs root to become one)', PATIENCE, async () => {
    await show({ uid: ORDINARY_UID });
  });
});

describe('History', () => {
  it(
    'has samples of what a unit used, oldest first, and goes on when it is another process',
    PATIENCE,
    async () => {
      await using supervisor = await TestSupervisor.start();
      await supervisor.ask('StartDaemon,sleep 1000,@label=s', 'StartDaemon,true,@label=over');
      const samples = async (request: string): Promise<string[]> =>
        (await supervisor.ask(request)).slice(0, -1);
      await expect.poll(async () => samples('History,s'), { timeout: 50_000 }).toHaveLength(1);
      const [first = ''] = await samples('History,s');
      expect(first).toMatch(/^Sample,\d{10},\d+\.\d,[1-9]\d+,\d+,1,\d+,0$/);
      await supervisor.ask('Restart,s');
      await expect.poll(async () => samples('History,s'), { timeout: 50_000 }).toHaveLength(2);
      const [again, second = ''] = await samples('History,s');
      expect(again).toBe(first);
      const [, firstAt] = first.split(',');
      const [, secondAt = ''] = second.split(',');
      expect(Number(secondAt)).toBeGreaterThan(Number(firstAt));
      expect(await supervisor.ask(`History,s,@since=${secondAt}`)).toEqual([second, 'Ok,1']);
      expect(await supervisor.ask(`History,s,@since=${secondAt}.5`, 'History,over')).toEqual([
        'Ok,0',
        'Ok,0',
      ]);
      expect((await supervisor.ask('History,nothing'))[0]).toMatch(/^Error,.*,not-found$/);
      expect((await supervisor.ask('History'))[0]).toMatch(/^Error,.*,bad-argument$/);
    },
  );
});
