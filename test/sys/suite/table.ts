import { constants } from 'node:os';
import { expect } from 'vitest';
import type { Tester } from './tester.ts';
import { bytes } from './world.ts';

const { SIGHUP, SIGTERM } = constants.signals;

/** Entries: who gets which, what archond notes in them, when they are given back. */
export function table(test: Tester): void {
  test('a new table is empty, and knows of no generation', (world) => {
    expect(world.sys.keeper.entries()).toEqual([]);
    expect(world.sys.keeper.lastGeneration()).toBe(0);
    expect(world.sys.keeper.entry({ index: 0, generation: 0 })).toBe(undefined);
    expect(world.welcome).toMatchObject({
      epoch: 1,
      tree: expect.stringMatching(/^(cgroup|minder)$/) as string,
    });
    expect(world.harness.isAlive(world.welcome?.keeperPid ?? 0)).toBe(true);
  });

  test('the lowest free index is taken, and a freed one again', async (world) => {
    const { commands } = world.harness;
    const spawned = [
      await world.spawn(commands.sleeps()),
      await world.spawn(commands.sleeps()),
      await world.spawn(commands.sleeps()),
    ];
    expect(spawned.map(({ index }) => index)).toEqual([0, 1, 2]);
    const [first, second] = spawned;
    if (second !== undefined) await world.bury(second);
    if (first !== undefined) await world.bury(first);
    expect((await world.spawn(commands.sleeps())).index).toBe(0);
    expect((await world.spawn(commands.sleeps())).index).toBe(1);
    expect((await world.spawn(commands.sleeps())).index).toBe(3);
  });

  test('entries come in the order of their index', async (world) => {
    for (const label of ['a', 'b', 'c']) await world.spawn(world.harness.commands.sleeps(), { label });
    await world.bury(world.sys.keeper.entries()[0] ?? { index: 0, generation: 0 });
    await world.spawn(world.harness.commands.sleeps(), { label: 'd' });
    expect(world.sys.keeper.entries().map(({ index, label }) => [index, label])).toEqual([
      [0, 'd'],
      [1, 'b'],
      [2, 'c'],
    ]);
  });

  test('a generation is accepted once, and no lower one after it', async (world) => {
    const { keeper } = world.sys;
    const order = { ...world.order(world.harness.commands.sleeps()), generation: 100 };
    await world.must<unknown>((done) => keeper.spawn(order, done));
    for (const generation of [100, 99, 1]) {
      expect(await world.refused((done) => keeper.spawn({ ...order, generation }, done))).toBe('ESTALE');
    }
    expect(await world.refused((done) => keeper.spawn({ ...order, generation: 0 }, done))).toBe('EINVAL');
    expect(keeper.lastGeneration()).toBe(100);
    expect(keeper.entries()).toHaveLength(1);
    await world.must<unknown>((done) => keeper.spawn({ ...order, generation: 2 ** 40 }, done));
    expect(keeper.lastGeneration()).toBe(2 ** 40);
  });

  test('an order that is not well formed is refused before anything is made', async (world) => {
    const { keeper } = world.sys;
    const good = world.order(world.harness.commands.sleeps());
    const bad = [
      { ...good, argv: [] },
      { ...good, paths: [] },
      { ...good, label: '' },
      { ...good, label: 'x'.repeat(256) },
      { ...good, argv: [bytes('a\0b')] },
      { ...good, env: [bytes('A=\0')] },
    ];
    for (const order of bad) {
      const result = await world.ask<unknown>((done) => keeper.spawn(order, done));
      expect(result).toMatchObject({ ok: false, error: { code: 'EINVAL', errno: 22, stage: 'request' } });
    }
    expect(keeper.entries()).toEqual([]);
  });

  test('a label of 255 characters is kept whole', async (world) => {
    const label = `${'x/'.repeat(127)}y`;
    const spawned = await world.spawn(world.harness.commands.sleeps(), { label });
    expect(world.entry(spawned).label).toBe(label);
  });

  test('what archond has noted stands in the table', async (world) => {
    const { keeper } = world.sys;
    const spawned = await world.spawn(world.harness.commands.exits(0));
    expect(world.entry(spawned).acknowledged).toBe(undefined);
    keeper.acknowledge(spawned, 'starting');
    expect(world.entry(spawned).acknowledged).toBe('starting');
    await world.reached(spawned, 'empty');
    keeper.acknowledge(spawned, 'exited');
    expect(world.entry(spawned)).toMatchObject({ state: 'empty', acknowledged: 'exited' });
    keeper.acknowledge(spawned, 'empty');
    expect(world.entry(spawned).acknowledged).toBe('empty');
  });

  test('an entry is freed when it is empty and noted so, and not before', async (world) => {
    const { keeper } = world.sys;
    const spawned = await world.spawn(world.harness.commands.sleeps());
    const free = (): Promise<string> => world.refused<number>((done) => keeper.free(spawned, done));
    expect(await free()).toBe('EBUSY');
    await world.reached(spawned, 'running');
    keeper.acknowledge(spawned, 'running');
    expect(await free()).toBe('EBUSY');
    await world.must<number>((done) => keeper.kill(spawned, done));
    await world.reached(spawned, 'empty');
    expect(await free()).toBe('EBUSY');
    keeper.acknowledge(spawned, 'exited');
    expect(await free()).toBe('EBUSY');
    keeper.acknowledge(spawned, 'empty');
    await world.must<number>((done) => keeper.free(spawned, done));
    expect(await free()).toBe('ESRCH');
    expect(keeper.entry(spawned)).toBe(undefined);
    expect(keeper.entries()).toEqual([]);
  });

  test('a freed entry answers for its present generation only', async (world) => {
    const { keeper } = world.sys;
    const old = await world.spawn(world.harness.commands.exits(0), { label: 'old' });
    await world.reached(old, 'empty');
    await world.bury(old);
    const present = await world.spawn(world.harness.commands.sleeps(), { label: 'present' });
    expect(present.index).toBe(old.index);
    expect(keeper.entry(old)).toBe(undefined);
    expect(keeper.entry(present)).toMatchObject({ label: 'present', acknowledged: undefined });
    expect(await world.refused((done) => keeper.kill(old, done))).toBe('ESRCH');
    expect(world.harness.isAlive(present.pid)).toBe(true);
  });

  test('requests are carried out in the order in which they are made', async (world) => {
    const { keeper } = world.sys;
    const first = await world.spawn(world.harness.commands.sleeps());
    const order = world.order(world.harness.commands.sleeps());
    const asked = world.must<unknown>((done) => keeper.spawn(order, done));
    const again = world.refused<unknown>((done) => keeper.spawn(order, done));
    const killed = world.must<number>((done) => keeper.kill(first, done));
    expect(await again).toBe('ESTALE');
    await Promise.all([asked, killed]);
    await world.reached(first, 'empty');
  });

  test('a signal to the keeper is told, and counted', async (world) => {
    await world.must<number>((done) => world.sys.keeper.ready(done));
    world.harness.signalKeeper(SIGHUP);
    await world.until(() => world.signals.length === 1, 'a signal is told');
    world.harness.signalKeeper(SIGHUP);
    await world.until(() => world.signals.length === 2, 'a second signal is told');
    world.sys.keeper.signalNoted(SIGHUP, 2);
    world.harness.signalKeeper(SIGTERM);
    await world.until(() => world.signals.length === 3, 'a third signal is told');
    expect(world.signals.map(({ signal }) => signal)).toEqual([SIGHUP, SIGHUP, SIGTERM]);
    expect((world.signals[1]?.count ?? 0) > (world.signals[0]?.count ?? 0)).toBe(true);
  });
}
