import { expect } from 'vitest';
import type { Notice } from '../../../src/sys/notices.ts';
import type { Descriptor } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { text, value, type World } from './world.ts';

/** A notice that was taken, and what came along. */
interface Taken extends Notice {
  readonly descriptors: readonly Descriptor[];
}

/** A notification socket that is listened to, and what has been heard. */
function listening(
  world: World,
  name = 'notices',
  user: number | 'everybody' = process.getuid?.() ?? 0,
): { path: string; heard: Taken[]; stop: () => void } {
  const path = `${world.harness.folder}/${name}`;
  const socket = value(world.sys.notices.open(path, user));
  const heard: Taken[] = [];
  const cancel = world.sys.notices.listen(
    socket,
    world.heard((notice: Notice) => heard.push({ ...notice, descriptors: notice.take() })),
  );
  const stop = (): void => {
    cancel();
    world.sys.descriptors.close(socket);
  };
  return { path, heard, stop };
}

/** What services say of themselves. */
export function notices(test: Tester): void {
  test('what is said is heard, with who said it', async (world) => {
    const { path, heard, stop } = listening(world);
    const sender = await world.harness.notify(path, 'READY=1\nSTATUS=at work');
    await world.until(() => heard.length > 0, 'the notification is heard');
    expect(heard).toHaveLength(1);
    expect(heard[0]?.sender.pid).toBe(sender);
    expect(text(heard[0]?.bytes)).toBe('READY=1\nSTATUS=at work');
    expect(heard[0]).toMatchObject({ truncated: false, descriptors: [] });
    stop();
  });

  test('a descriptor that comes along is the listener’s', async (world) => {
    const { path, heard, stop } = listening(world);
    await world.harness.notify(path, 'BARRIER=1', true);
    await world.until(() => heard.length > 0, 'the notification is heard');
    const [descriptor = -1] = heard[0]?.descriptors ?? [];
    expect(world.sys.descriptors.kindOf(descriptor).ok).toBe(true);
    world.sys.descriptors.close(descriptor);
    stop();
  });

  test('each is one, in its order, and what nobody listens for waits', async (world) => {
    const path = `${world.harness.folder}/later`;
    const socket = value(world.sys.notices.open(path, process.getuid?.() ?? 0));
    for (const said of ['one', 'two', 'three']) await world.harness.notify(path, said);
    const heard: string[] = [];
    const cancel = world.sys.notices.listen(
      socket,
      world.heard((notice: Notice) => {
        heard.push(text(notice.bytes));
        notice.take();
      }),
    );
    expect(heard).toEqual([]);
    await world.until(() => heard.length === 3, 'all three are heard');
    expect(heard).toEqual(['one', 'two', 'three']);
    cancel();
    world.sys.descriptors.close(socket);
  });

  test('what was heard stays until it is taken, and the next one comes after that', async (world) => {
    const path = `${world.harness.folder}/kept`;
    const socket = value(world.sys.notices.open(path, process.getuid?.() ?? 0));
    for (const said of ['one', 'two']) await world.harness.notify(path, said, true);
    const first: Notice[] = [];
    const cancel = world.sys.notices.listen(
      socket,
      world.heard((notice: Notice) => first.push(notice)),
    );
    await world.until(() => first.length === 1, 'it is heard');
    cancel();
    const again: Notice[] = [];
    const cancelAgain = world.sys.notices.listen(
      socket,
      world.heard((notice: Notice) => again.push(notice)),
    );
    await world.until(() => again.length === 1, 'it is heard by another');
    expect([...first, ...again].map(({ bytes }) => text(bytes))).toEqual(['one', 'one']);
    const [descriptor = -1, ...more] = again[0]?.take() ?? [];
    expect(more).toEqual([]);
    world.sys.descriptors.close(descriptor);
    await world.until(() => again.length === 2, 'the next one is heard');
    expect(text(again[1]?.bytes)).toBe('two');
    for (const left of again[1]?.take() ?? []) world.sys.descriptors.close(left);
    cancelAgain();
    world.sys.descriptors.close(socket);
  });

  test('after a cancel nothing is told', async (world) => {
    const first = listening(world, 'first');
    const second = listening(world, 'second');
    first.stop();
    await world.harness.notify(second.path, 'still here');
    await world.until(() => second.heard.length > 0, 'the other socket hears');
    expect(first.heard).toEqual([]);
    second.stop();
  });

  test('what an earlier socket left at the path is no hindrance, but a file is', async (world) => {
    const first = listening(world);
    first.stop();
    const again = listening(world);
    await world.harness.notify(again.path, 'anew');
    await world.until(() => again.heard.length > 0, 'the second socket hears');
    again.stop();
    const file = `${world.harness.folder}/plain`;
    value(world.sys.files.openToAppend(file, 0o600)).close();
    expect(world.sys.notices.open(file, 0)).toMatchObject({ ok: false, error: { code: 'EEXIST' } });
  });

  test('who sends along where the answer is awaited is answered there, with descriptors', async (world) => {
    const { path, heard, stop } = listening(world, 'questions', 'everybody');
    const question = await world.harness.ask(path, 'which?');
    await world.until(() => heard.length > 0, 'the question is heard');
    const [to = -1] = heard[0]?.descriptors ?? [];
    const given = value(world.sys.descriptors.openNull());
    expect(question.answer()).toBeUndefined();
    expect(world.sys.notices.answer(to, Buffer.from('this'), [given]).ok).toBe(true);
    for (const descriptor of [given, to]) world.sys.descriptors.close(descriptor);
    let answer: ReturnType<typeof question.answer>;
    await world.until(() => (answer ??= question.answer()) !== undefined, 'the answer has come');
    expect(answer).toEqual({ text: 'this', descriptors: 1 });
    await question.giveUp();
    stop();
  });

  test('who gets no answer knows when none can come any more', async (world) => {
    const { path, heard, stop } = listening(world, 'questions', 'everybody');
    const question = await world.harness.ask(path, 'which?');
    await world.until(() => heard.length > 0, 'the question is heard');
    for (const descriptor of heard[0]?.descriptors ?? []) world.sys.descriptors.close(descriptor);
    await world.until(() => question.answer() === 'gone', 'it is known');
    await question.giveUp();
    stop();
  });

  test('an answer that nobody waits for, or that has nowhere to go, is an error', async (world) => {
    const { path, heard, stop } = listening(world, 'questions', 'everybody');
    const question = await world.harness.ask(path, 'which?');
    await world.until(() => heard.length > 0, 'the question is heard');
    const [to = -1] = heard[0]?.descriptors ?? [];
    await question.giveUp();
    expect(world.sys.notices.answer(to, Buffer.from('this'), [])).toMatchObject({ error: { code: 'EPIPE' } });
    world.sys.descriptors.close(to);
    const none = value(world.sys.descriptors.openNull());
    expect(world.sys.notices.answer(none, Buffer.from('this'), [])).toMatchObject({
      error: { code: 'ENOTSOCK' },
    });
    world.sys.descriptors.close(none);
    stop();
  });

  test('a path that no service could use is refused', (world) => {
    const path = `${world.harness.folder}/${'x'.repeat(107)}`;
    expect(world.sys.notices.open(path, 0)).toMatchObject({ ok: false, error: { code: 'ENAMETOOLONG' } });
  });
}
