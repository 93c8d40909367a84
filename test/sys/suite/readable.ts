import { expect } from 'vitest';
import type { Tester } from './tester.ts';
import { text, value } from './world.ts';

/** Descriptors that say when there is something to read. */
export function readable(test: Tester): void {
  test('a descriptor says so when something is written, and is read without waiting', async (world) => {
    const { read, write } = value(world.sys.output.pipe(process.getuid?.() ?? 0));
    world.own(read);
    world.own(write);
    expect(world.sys.descriptors.readNow(read)).toMatchObject({ ok: false, error: { code: 'EAGAIN' } });
    let said = '';
    const cancel = world.sys.descriptors.whenReadable(
      read,
      world.heard(() => {
        said += text(value(world.sys.descriptors.readNow(read)));
      }),
    );
    await world.spawn(world.harness.commands.says('ready'), { descriptors: [{ from: write, to: 1 }] });
    await world.until(() => said === 'ready', 'what was written is read');
    await world.spawn(world.harness.commands.says(' again'), { descriptors: [{ from: write, to: 1 }] });
    await world.until(() => said === 'ready again', 'more is read');
    cancel();
    cancel();
  });

  test('what is there already is told, and not inside the call', async (world) => {
    const held = world.own(value(world.sys.descriptors.holding(Buffer.from('here'))));
    let count = 0;
    const cancel = world.sys.descriptors.whenReadable(
      held,
      world.heard(() => {
        count += 1;
        cancel();
      }),
    );
    expect(count).toBe(0);
    await world.until(() => count > 0, 'it is told');
    expect(text(value(world.sys.descriptors.readNow(held)))).toBe('here');
    expect(value(world.sys.descriptors.readNow(held))).toHaveLength(0);
  });

  test('what is in a pipe can be looked at without being taken', (world) => {
    const held = world.own(value(world.sys.descriptors.holding(Buffer.from('here'))));
    for (let times = 0; times < 2; times++)
      expect(text(value(world.sys.descriptors.peekNow(held)))).toBe('here');
    expect(text(value(world.sys.descriptors.readNow(held)))).toBe('here');
    expect(world.sys.descriptors.peekNow(held)).toMatchObject({ ok: false, error: { code: 'EAGAIN' } });
  });

  test('after a cancel nothing is told', async (world) => {
    const held = world.own(value(world.sys.descriptors.holding(Buffer.from('here'))));
    const other = world.own(value(world.sys.descriptors.holding(Buffer.from('there'))));
    let isTold = false;
    world.sys.descriptors.whenReadable(held, () => (isTold = true))();
    let isOtherTold = false;
    const cancel = world.sys.descriptors.whenReadable(
      other,
      world.heard(() => (isOtherTold = true)),
    );
    await world.until(() => isOtherTold, 'the other one is told');
    cancel();
    expect(isTold).toBe(false);
  });
}
