import { expect } from 'vitest';
import type { Tester } from './tester.ts';
import { bytes, value } from './world.ts';

/** Descriptors of archond itself. */
export function descriptors(test: Tester): void {
  test('each is what it was made as', async (world) => {
    const { descriptors: door, pidfds } = world.sys;
    const nothing = world.own(value(door.openNull()));
    const few = world.own(value(door.holding(bytes('few'))));
    const process = world.own(value(pidfds.open((await world.harness.stranger()).pid)));
    expect(value(door.kindOf(nothing))).toBe('character');
    expect(value(door.kindOf(few))).toBe('pipe');
    expect(value(door.kindOf(process))).toBe('pidfd');
  });

  test('a copy is another number for the same thing', async (world) => {
    const { descriptors: door } = world.sys;
    const one = value(door.holding(bytes('shared')));
    const other = world.own(value(door.duplicate(one)));
    expect(other).not.toBe(one);
    door.close(one);
    expect(value(door.kindOf(other))).toBe('pipe');
    const given = [{ from: other, to: 0 }];
    expect(await world.outputOf(world.harness.commands.copies(0), { descriptors: given })).toBe('shared');
  });

  for (const [size, name] of [
    [0, 'nothing'],
    [1, 'one byte'],
    [65_536, 'what a pipe takes'],
    [500_000, 'much'],
  ] as const) {
    test(`a descriptor that holds ${name} is read to its end`, async (world) => {
      const data = Buffer.alloc(size, 'abcdefghij');
      const from = world.own(value(world.sys.descriptors.holding(data)));
      const text = await world.outputOf(world.harness.commands.copies(0), { descriptors: [{ from, to: 0 }] });
      expect(text === data.toString()).toBe(true);
    });
  }

  test('what reads nothing comes to its end at once', async (world) => {
    const from = world.own(value(world.sys.descriptors.openNull()));
    expect(await world.outputOf(world.harness.commands.copies(0), { descriptors: [{ from, to: 0 }] })).toBe(
      '',
    );
  });

  test('what is opened is counted, and what is closed is not', (world) => {
    const before = world.harness.openDescriptors();
    const opened = [1, 2, 3].map(() => value(world.sys.descriptors.openNull()));
    expect(world.harness.openDescriptors()).toBe(before + 3);
    for (const descriptor of opened) world.sys.descriptors.close(descriptor);
    expect(world.harness.openDescriptors()).toBe(before);
  });
}
