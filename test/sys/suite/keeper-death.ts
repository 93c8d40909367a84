import { expect } from 'vitest';
import type { Tester } from './tester.ts';
import type { World } from './world.ts';

/** What is heard of a keeper that is killed with requests before it, in order. */
async function heardOfDeath(world: World, later: (note: (what: string) => void) => void): Promise<string[]> {
  const heard: string[] = [];
  const note = world.heard((what: string) => heard.push(what));
  const answered =
    (name: string) => (result: { readonly ok: boolean; readonly error?: { code: string } }) => {
      note(`${name} ${result.ok ? 'ok' : (result.error?.code ?? '')}`);
    };
  world.whenKeeperGone = () => {
    note('gone');
  };
  await world.harness.haltKeeper();
  world.sys.keeper.ready(answered('ready'));
  const nothing = world.sys.descriptors.openNull();
  if (!nothing.ok) return expect.fail('no /dev/null');
  world.own(nothing.value);
  world.sys.keeper.store('name', nothing.value, true, answered('store'));
  world.harness.killKeeper();
  world.sys.keeper.beat();
  later(note);
  await world.until(() => heard.length >= 3, 'the death of the keeper is heard of');
  return heard;
}

/** A keeper that is killed takes nothing with it but itself. */
export function keeperDeath(test: Tester): void {
  test('is told before what it leaves unanswered is refused', async (world) => {
    const heard = await heardOfDeath(world, () => undefined);
    expect(heard).toEqual(['gone', 'ready EPIPE', 'store EPIPE']);
  });

  test('is told before a request that came behind it is refused', async (world) => {
    const heard = await heardOfDeath(world, (note) => {
      world.sys.keeper.drop('name', (result) => {
        note(`drop ${result.ok ? 'ok' : result.error.code}`);
      });
    });
    await world.until(() => heard.length === 4, 'the last request is answered');
    expect(heard).toEqual(['gone', 'ready EPIPE', 'store EPIPE', 'drop EPIPE']);
    expect(await world.refused((done) => world.sys.keeper.ready(done))).toBe('EPIPE');
  });

  test('leaves the table as it was, and processes alone', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps(), { label: 'lives' });
    const before = await world.reached(spawned, 'running');
    await heardOfDeath(world, () => undefined);
    expect(world.sys.keeper.entry(spawned)).toEqual(before);
    expect(world.harness.isAlive(spawned.pid)).toBe(true);
    const pidfd = world.sys.pidfds.open(spawned.pid);
    if (!pidfd.ok) return expect.fail(pidfd.error.code);
    world.own(pidfd.value);
    world.sys.pidfds.signal(pidfd.value, 9);
    await world.until(() => !world.harness.isAlive(spawned.pid), 'its process has ended');
  });
}
