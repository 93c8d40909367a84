import { constants } from 'node:os';
import { expect } from 'vitest';
import type { Tester } from './tester.ts';
import { bytes } from './world.ts';

const { SIGKILL, SIGSEGV, SIGTERM, SIGUSR1 } = constants.signals;
const NOWHERE = bytes('/nonexistent/folder/command');

/** From a spawn to the end of its process. */
export function ends(test: Tester): void {
  for (const code of [0, 1, 127, 255]) {
    test(`exit code ${code} is told as such`, async (world) =>
      expect(await world.endOf(world.harness.commands.exits(code))).toEqual({ kind: 'exited', code }));
  }

  for (const signal of [SIGKILL, SIGTERM, SIGUSR1, SIGSEGV]) {
    test(`death by signal ${signal} is told as such`, async (world) => {
      const end = await world.endOf(world.harness.commands.dies(signal));
      expect(end).toEqual({ kind: 'signalled', signal, core: false });
    });
  }

  test('a spawn is answered with what names it, and the table agrees', async (world) => {
    const before = world.sys.clock.monotonicMs();
    const spawned = await world.spawn(world.harness.commands.sleeps(), {
      label: 'a/b',
      tags: [7n, 2n ** 64n - 1n],
    });
    const entry = await world.reached(spawned, 'running');
    const { index, generation, pid, startTicks, startedAtMs } = spawned;
    expect(entry).toMatchObject({
      index,
      generation,
      pid,
      startTicks,
      startedAtMs,
      label: 'a/b',
      minderLost: false,
    });
    expect(entry).toMatchObject({ tags: [7n, 2n ** 64n - 1n], state: 'running', tree: world.welcome?.tree });
    expect(entry).not.toHaveProperty('end');
    expect(startedAtMs).toBeGreaterThanOrEqual(Math.floor(before));
    expect(startedAtMs).toBeLessThanOrEqual(world.sys.clock.monotonicMs());
    expect(world.harness.isAlive(pid)).toBe(true);
  });

  test('an end has its instant and its usage', async (world) => {
    const spawned = await world.spawn(world.harness.commands.exits(3));
    const entry = await world.reached(spawned, 'empty');
    expect(entry.endedAtMs).toBeGreaterThanOrEqual(spawned.startedAtMs);
    expect(entry.endedAtMs).toBeLessThanOrEqual(world.sys.clock.monotonicMs());
    expect(Object.keys(entry.usage ?? {}).sort()).toEqual(
      [
        'blocksIn',
        'blocksOut',
        'involuntarySwitches',
        'majorFaults',
        'maxRssKib',
        'minorFaults',
        'systemUs',
        'userUs',
      ]
        .concat('voluntarySwitches')
        .sort(),
    );
    expect(Object.values(entry.usage ?? {}).every((number) => Number.isFinite(number) && number >= 0)).toBe(
      true,
    );
    expect(world.harness.isAlive(spawned.pid)).toBe(false);
  });

  test('running is told of a command whose exec has succeeded', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps());
    await world.reached(spawned, 'running');
    expect(world.told.every(({ ref }) => ref.generation === spawned.generation)).toBe(true);
    expect(world.told.at(-1)?.state).toBe('running');
  });

  test('what does not exist fails at exec with ENOENT, and never runs', async (world) => {
    const end = await world.endOf({ argv: [bytes('x')], paths: [NOWHERE] });
    expect(end).toEqual({ kind: 'not-executed', stage: 'exec', code: 'ENOENT', errno: 2 });
    expect(world.told.map(({ state }) => state)).not.toContain('running');
  });

  test('paths are tried in their order, and the first that can be executed is', async (world) => {
    const { paths, argv } = world.harness.commands.exits(5);
    const forbidden = world.harness.commands.forbidden().paths;
    const end = await world.endOf({ argv, paths: [NOWHERE, ...forbidden, ...paths, NOWHERE] });
    expect(end).toEqual({ kind: 'exited', code: 5 });
  });

  test('a file that may not be executed is EACCES, also where others are missing', async (world) => {
    const { argv, paths } = world.harness.commands.forbidden();
    const denied = { kind: 'not-executed', stage: 'exec', code: 'EACCES', errno: 13 };
    expect(await world.endOf({ argv, paths })).toEqual(denied);
    expect(await world.endOf({ argv, paths: [NOWHERE, ...paths, NOWHERE] })).toEqual(denied);
  });

  test('a folder that is missing fails at cwd', async (world) => {
    const end = await world.endOf(world.harness.commands.exits(0), { cwd: NOWHERE });
    expect(end).toEqual({ kind: 'not-executed', stage: 'cwd', code: 'ENOENT', errno: 2 });
  });

  test('a terminal that is missing fails at tty', async (world) => {
    const end = await world.endOf(world.harness.commands.exits(0), { tty: NOWHERE });
    expect(end).toEqual({ kind: 'not-executed', stage: 'tty', code: 'ENOENT', errno: 2 });
  });

  test('a soft limit above the hard one fails at rlimit', async (world) => {
    const limits = [{ resource: 'nofile', soft: 64, hard: 32 }];
    const end = await world.endOf(world.harness.commands.exits(0), { limits });
    expect(end).toEqual({ kind: 'not-executed', stage: 'rlimit', code: 'EINVAL', errno: 22 });
  });

  test('many spawns asked for at once are each told of, with their own ends', async (world) => {
    const asked = Array.from({ length: 20 }, async (_, number) => {
      const order = { ...world.order(world.harness.commands.exits(number)), label: `number-${number}` };
      const generation = order.generation + number;
      return world.must<{ index: number; generation: number }>((done) =>
        world.sys.keeper.spawn({ ...order, generation }, done),
      );
    });
    const spawned = await Promise.all(asked);
    for (const [number, ref] of spawned.entries()) {
      const entry = await world.reached(ref, 'empty');
      expect(entry).toMatchObject({ label: `number-${number}`, end: { kind: 'exited', code: number } });
    }
    expect(new Set(spawned.map(({ index }) => index)).size).toBe(20);
  });
}
