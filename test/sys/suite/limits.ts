import { expect } from 'vitest';
import type { SpawnLimits, TreeLimits } from '../../../src/sys/limits.ts';
import type { ProcessRef } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import type { World } from './world.ts';

const MIB = 2 ** 20;
const ALL: TreeLimits = { memoryBytes: 64 * MIB, cpuPercent: 50, pids: 20 };
const LIMITS: SpawnLimits = { ...ALL, isMust: true };

/** Limits of a whole tree, where the controllers of cgroup2 can be had. */
export function limits(test: Tester): void {
  test(
    'a tree is held to its limits from the first instruction on, and to others when they change',
    async (world) => {
      const spawned = await world.spawn(world.harness.commands.sleeps(), { treeLimits: LIMITS });
      expect(await inForce(world, spawned)).toEqual(ALL);
      expect(await set(world, spawned, { memoryBytes: 32 * MIB })).toBe('ok');
      expect(await inForce(world, spawned)).toEqual({ memoryBytes: 32 * MIB });
      expect(await set(world, spawned, {})).toBe('ok');
      expect(await inForce(world, spawned)).toEqual({});
    },
    'controllers',
  );

  test('what must be limited and cannot be is refused at the stage cgroup, and is nothing', async (world) => {
    const order = { treeLimits: LIMITS, tree: 'minder' } as const;
    const refused = await world.ask((done) => {
      world.sys.keeper.spawn(world.order(world.harness.commands.sleeps(), order), done);
    });
    expect(refused).toMatchObject({ ok: false, error: { stage: 'cgroup', code: 'EOPNOTSUPP' } });
    expect(world.sys.keeper.entries()).toEqual([]);
  });

  test('what need not be limited goes on without', async (world) => {
    const order = { treeLimits: { ...LIMITS, isMust: false }, tree: 'minder' } as const;
    const spawned = await world.spawn(world.harness.commands.sleeps(), order);
    expect(await inForce(world, spawned)).toEqual({});
    expect(await set(world, spawned, { pids: 3 })).toBe('ENOENT');
  });

  test('of a tree that is over nothing is limited', async (world) => {
    const spawned = await world.spawn(world.harness.commands.exits(0));
    await world.reached(spawned, 'empty');
    expect(await inForce(world, spawned)).toEqual({});
    expect(await set(world, spawned, { memoryBytes: MIB })).toBe('ENOENT');
    expect(world.sys.limits.kills(spawned)).toEqual({ processes: 0, isOwnLimit: false });
    world.sys.limits.watch(spawned, () => expect.fail('it rings'))();
  });
}

async function inForce(world: World, ref: ProcessRef): Promise<TreeLimits> {
  let found: TreeLimits | undefined;
  world.sys.limits.read(
    ref,
    world.heard((limits: TreeLimits) => {
      found = limits;
    }),
  );
  await world.until(() => found !== undefined, 'the limits are told');
  return found ?? {};
}

/** `ok`, or the errno. */
async function set(world: World, ref: ProcessRef, limits: TreeLimits): Promise<string> {
  let outcome = '';
  world.sys.limits.set(
    ref,
    limits,
    world.heard((result: { readonly ok: boolean; readonly error?: { readonly code: string } }) => {
      outcome = result.ok ? 'ok' : (result.error?.code ?? '');
    }),
  );
  await world.until(() => outcome !== '', 'the limits are changed');
  return outcome;
}
