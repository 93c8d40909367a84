import { expect } from 'vitest';
import type { Descriptor } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { bytes, value, type World } from './world.ts';

interface Kept {
  readonly name: string;
  readonly descriptor: Descriptor;
}

/** All that the keeper keeps, by name; closed in the end. */
async function keptBy(world: World): Promise<ReadonlyMap<string, Descriptor>> {
  const kept = await world.must<readonly Kept[]>((done) => world.sys.keeper.kept(done));
  return new Map(kept.map(({ name, descriptor }) => [name, world.own(descriptor)]));
}

async function store(world: World, name: string, descriptor: Descriptor, replace = false): Promise<number> {
  return world.must<number>((done) => world.sys.keeper.store(name, descriptor, replace, done));
}

/** What a descriptor holds, as a process that gets it reads it. */
function textIn(world: World, descriptor: Descriptor): Promise<string> {
  return world.outputOf(world.harness.commands.copies(0), { descriptors: [{ from: descriptor, to: 0 }] });
}

/** Descriptors in the keeper's care. */
export function kept(test: Tester): void {
  const holding = (world: World, text: string): Descriptor =>
    world.own(value(world.sys.descriptors.holding(bytes(text))));

  test('a keeper keeps nothing at first', async (world) => expect((await keptBy(world)).size).toBe(0));

  test('what is stored comes back as a copy of its own', async (world) => {
    const descriptor = value(world.sys.descriptors.holding(bytes('kept')));
    await store(world, 'pipe/of a unit', descriptor);
    world.sys.descriptors.close(descriptor);
    const copy = (await keptBy(world)).get('pipe/of a unit') ?? expect.fail('it is not kept');
    expect(value(world.sys.descriptors.kindOf(copy))).toBe('pipe');
    expect(await textIn(world, copy)).toBe('kept');
  });

  test('many are kept, each under its name', async (world) => {
    const names = Array.from({ length: 30 }, (_, number) => `name ${number} ${'x'.repeat(number * 10)}`);
    const nothing = world.own(value(world.sys.descriptors.openNull()));
    for (const name of names) await store(world, name, nothing);
    expect([...(await keptBy(world)).keys()].sort()).toEqual([...names].sort());
  });

  test('a name in use is EEXIST, and what it stood for is kept', async (world) => {
    await store(world, 'name', holding(world, 'first'));
    const second = holding(world, 'second');
    expect(await world.refused((done) => world.sys.keeper.store('name', second, false, done))).toBe('EEXIST');
    expect(await textIn(world, (await keptBy(world)).get('name') ?? -1)).toBe('first');
  });

  test('a name in use can be given to another', async (world) => {
    await store(world, 'name', holding(world, 'first'));
    await store(world, 'name', holding(world, 'second'), true);
    const all = await keptBy(world);
    expect(all.size).toBe(1);
    expect(await textIn(world, all.get('name') ?? -1)).toBe('second');
  });

  test('what is dropped is kept no longer, and its name is free', async (world) => {
    await store(world, 'a', holding(world, 'a'));
    await store(world, 'b', holding(world, 'b'));
    await world.must<number>((done) => world.sys.keeper.drop('a', done));
    expect([...(await keptBy(world)).keys()]).toEqual(['b']);
    await store(world, 'a', holding(world, 'again'));
    expect([...(await keptBy(world)).keys()].sort()).toEqual(['a', 'b']);
  });

  test('to drop what is not kept is ENOENT', async (world) => {
    expect(await world.refused((done) => world.sys.keeper.drop('nothing', done))).toBe('ENOENT');
  });

  test('a name has 1 to 320 bytes', async (world) => {
    const nothing = world.own(value(world.sys.descriptors.openNull()));
    for (const name of ['', 'x'.repeat(321)]) {
      expect(await world.refused((done) => world.sys.keeper.store(name, nothing, false, done))).toBe(
        'EINVAL',
      );
    }
    await store(world, 'x'.repeat(320), nothing);
  });

  test('a dropped writing end is the last one: its reader comes to the end', async (world) => {
    const { read, write } = value(world.sys.output.pipe(process.getuid?.() ?? 0));
    await store(world, 'write', write);
    world.sys.descriptors.close(write);
    const { write: output, copying, text } = world.capture();
    const descriptors = [
      { from: read, to: 0 },
      { from: output, to: 1 },
    ];
    const reader = await world.spawn(world.harness.commands.copies(0), { descriptors });
    world.sys.descriptors.close(read);
    await world.reached(reader, 'running');
    expect(world.entry(reader).state).toBe('running');
    await world.must<number>((done) => world.sys.keeper.drop('write', done));
    await world.reached(reader, 'empty');
    copying.drain();
    expect(text()).toBe('');
  });
}
