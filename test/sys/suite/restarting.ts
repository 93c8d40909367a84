import { constants } from 'node:os';
import { expect } from 'vitest';
import type { Descriptor } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { bytes, value } from './world.ts';

const { SIGHUP, SIGKILL, SIGTERM } = constants.signals;

/** Archond dies, and another takes over. */
export function restarting(plain: Tester): void {
  const test = (title: string, body: Parameters<Tester>[1]): void => plain(title, body, 'restart');

  test('epochs grow by one', async (world) => {
    const first = world.welcome?.epoch ?? 0;
    await world.restart();
    expect(world.welcome?.epoch).toBe(first + 1);
    await world.restart();
    expect(world.welcome?.epoch).toBe(first + 2);
  });

  test('the successor is told how the one before has ended, and a beat disturbs nobody', async (world) => {
    expect(world.welcome?.before).toBe(undefined);
    world.sys.keeper.beat();
    await world.restart();
    world.sys.keeper.beat();
    expect(world.welcome?.before).toEqual({ kind: 'signalled', signal: SIGKILL, core: false });
    expect(world.welcome?.isToSetAside).toBe(false);
    await world.must<number>((done) => world.sys.keeper.ready(done));
  });

  test('processes live on, and the successor finds them in the table', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps(), { label: 'lives', tags: [5n, 6n] });
    const before = await world.reached(spawned, 'running');
    world.sys.keeper.acknowledge(spawned, 'running');
    await world.restart();
    expect(world.sys.keeper.entries()).toEqual([{ ...before, acknowledged: 'running' }]);
    expect(world.sys.keeper.lastGeneration()).toBe(spawned.generation);
    expect(world.harness.isAlive(spawned.pid)).toBe(true);
  });

  test('what the successor is told is what happens from then on', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps());
    await world.reached(spawned, 'running');
    await world.restart();
    await world.must<number>((done) => world.sys.keeper.kill(spawned, done));
    await world.reached(spawned, 'empty');
  });

  test('an end that was not noted before stands in the table, unnoted', async (world) => {
    const spawned = await world.spawn(world.harness.commands.exits(7));
    await world.reached(spawned, 'empty');
    await world.restart();
    expect(world.entry(spawned)).toMatchObject({
      state: 'empty',
      acknowledged: undefined,
      end: { kind: 'exited', code: 7 },
    });
  });

  test('what was asked for is carried out, answered or not', async (world) => {
    const { keeper } = world.sys;
    const nothing = value(world.sys.descriptors.openNull());
    const spawned = await world.spawn(world.harness.commands.sleeps(), { label: 'first' });
    const late = (): void => expect.fail('an answer has come to an archond that is dead');
    keeper.store('late', nothing, false, late);
    keeper.spawn(world.order(world.harness.commands.sleeps(), { label: 'second' }), late);
    keeper.signal(spawned, SIGTERM, 'main', late);
    await world.restart();
    await world.until(
      () => world.sys.keeper.entries().some(({ label }) => label === 'second'),
      'it is spawned',
    );
    await world.until(() => world.entry(spawned).state === 'empty', 'the first one has ended');
    expect(world.entry(spawned).end).toMatchObject({ signal: SIGTERM });
    const kept = await world.must<readonly { readonly name: string; readonly descriptor: Descriptor }[]>(
      (done) => world.sys.keeper.kept(done),
    );
    expect(kept.map(({ name, descriptor }) => [name, world.own(descriptor) > 0])).toEqual([['late', true]]);
  });

  test('kept descriptors survive, with what is in them', async (world) => {
    const descriptor = value(world.sys.descriptors.holding(bytes('survives')));
    await world.must<number>((done) => world.sys.keeper.store('kept', descriptor, false, done));
    await world.restart();
    const kept = await world.must<readonly { readonly name: string; readonly descriptor: Descriptor }[]>(
      (done) => world.sys.keeper.kept(done),
    );
    const from = world.own(kept[0]?.descriptor ?? -1);
    const text = await world.outputOf(world.harness.commands.copies(0), { descriptors: [{ from, to: 0 }] });
    expect(text).toBe('survives');
  });

  test('a signal that nobody has noted is told again, one that was noted is not', async (world) => {
    await world.must<number>((done) => world.sys.keeper.ready(done));
    world.harness.signalKeeper(SIGHUP);
    await world.until(() => world.signals.length === 1, 'a signal is told');
    await world.restart();
    await world.until(() => world.signals.length === 1, 'it is told again');
    expect(world.signals[0]?.signal).toBe(SIGHUP);
    world.sys.keeper.signalNoted(SIGHUP, world.signals[0]?.count ?? 0);
    await world.restart();
    world.harness.signalKeeper(SIGTERM);
    await world.until(() => world.signals.length === 1, 'another signal is told');
    expect(world.signals[0]?.signal).toBe(SIGTERM);
  });

  test('the output of a process waits in its pipe for the successor', async (world) => {
    const { read, write } = value(world.sys.output.pipe(process.getuid?.() ?? 0));
    await world.must<number>((done) => world.sys.keeper.store('out', read, false, done));
    const descriptors = [{ from: write, to: 1 }];
    const spawned = await world.spawn(world.harness.commands.says('said meanwhile'), { descriptors });
    await world.restart();
    await world.until(() => world.entry(spawned).state === 'empty', 'it has ended');
    const kept = await world.must<readonly { readonly name: string; readonly descriptor: Descriptor }[]>(
      (done) => world.sys.keeper.kept(done),
    );
    const path = `${world.harness.folder}/out`;
    const copying = world.sys.output.copy(kept[0]?.descriptor ?? -1, path, 0o600, () => undefined);
    expect(copying.drain()).toBe(true);
    copying.close();
    expect(Buffer.from(world.harness.readFile(path) ?? []).toString()).toBe('said meanwhile');
  });

  test('the socket of the dead is free, and those that were connected know', async (world) => {
    const path = `${world.harness.folder}/socket`;
    value(
      world.sys.sockets.listen(path, 0o600, (connection) => {
        connection.listen({
          data: () => undefined,
          ended: () => undefined,
          gone: () => undefined,
          drained: () => undefined,
        });
      }),
    );
    const client = await world.harness.connect(path);
    await world.restart();
    await world.until(() => client.ended(), 'the client knows');
    const listening = value(world.sys.sockets.listen(path, 0o600, () => undefined));
    world.atEnd(() => listening.close());
  });
}
