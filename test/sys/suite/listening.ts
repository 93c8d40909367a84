import { expect } from 'vitest';
import { Listener } from './peer.ts';
import type { Tester } from './tester.ts';
import { errorOf, value } from './world.ts';

/** Listening sockets, and how to get to them. */
export function listening(test: Tester): void {
  test('a socket file stands where one listens, and is gone after the close', (world) => {
    const listener = new Listener(world);
    expect(world.harness.exists(listener.path)).toBe(true);
    listener.listening.close();
    expect(world.harness.exists(listener.path)).toBe(false);
    listener.listening.close();
  });

  test('who may connect can be changed while one listens, and not behind the close', (world) => {
    const listener = new Listener(world);
    expect(listener.listening.setMode(0o666).ok).toBe(true);
    expect(world.harness.modeOf(listener.path)).toBe(0o666);
    expect(listener.listening.setMode(0o600).ok).toBe(true);
    expect(world.harness.modeOf(listener.path)).toBe(0o600);
    listener.listening.close();
    expect(errorOf(listener.listening.setMode(0o666))).toBe('ENOENT');
  });

  test('each who connects is accepted once, in order, and never inside a call', async (world) => {
    const listener = new Listener(world);
    const connections = [1, 2, 3].map(() => value(world.sys.sockets.connect(listener.path)));
    for (const connection of connections) world.atEnd(() => connection.close(true));
    expect(listener.peers).toHaveLength(0);
    await world.until(() => listener.peers.length === 3, 'three are accepted');
    expect(new Set(listener.peers).size).toBe(3);
  });

  test('both ends know who the other is', async (world) => {
    const { near, far } = await new Listener(world).pair();
    expect(near.connection.peer).toEqual(far.connection.peer);
    expect(near.connection.peer.pid).toBeGreaterThan(0);
  });

  test('what is sent before the accept is not lost', async (world) => {
    const listener = new Listener(world);
    const connection = value(world.sys.sockets.connect(listener.path));
    connection.write(Buffer.from('early'));
    connection.close();
    await world.until(
      () => listener.peers[0]?.gone === 1 || listener.peers[0]?.ended === 1,
      'it came and went',
    );
    expect(listener.peers[0]?.text).toBe('early');
  });

  test('a path where one listens is in use, for anyone else', (world) => {
    const listener = new Listener(world);
    expect(errorOf(world.sys.sockets.listen(listener.path, 0o600, () => undefined))).toBe('EADDRINUSE');
    value(world.sys.sockets.connect(listener.path)).close(true);
  });

  test('a path is free again after the close', async (world) => {
    new Listener(world).listening.close();
    const { near, far } = await new Listener(world).pair();
    near.connection.write(Buffer.from('again'));
    await world.until(() => far.text === 'again', 'it has come');
  });

  test('the close of a listening socket does not end its connections', async (world) => {
    const listener = new Listener(world);
    const { near, far } = await listener.pair();
    listener.listening.close();
    near.connection.write(Buffer.from('still here'));
    await world.until(() => far.text === 'still here', 'it has come');
  });

  test('to connect where nobody listens fails', (world) => {
    const listener = new Listener(world);
    const nothing = `${world.harness.folder}/nothing`;
    const noFolder = `${world.harness.folder}/no/folder`;
    expect(errorOf(world.sys.sockets.connect(nothing))).toBe('ENOENT');
    expect(errorOf(world.sys.sockets.connect(noFolder))).toBe('ENOENT');
    listener.listening.close();
    expect(errorOf(world.sys.sockets.connect(listener.path))).toBe('ENOENT');
  });

  test('one cannot listen in a folder that is missing', (world) => {
    const path = `${world.harness.folder}/no/folder`;
    expect(errorOf(world.sys.sockets.listen(path, 0o600, () => undefined))).toBe('ENOENT');
  });

  test('a client of another kind is accepted too', async (world) => {
    const { client, peer } = await new Listener(world).client();
    client.send('hello\n');
    await world.until(() => peer.text === 'hello\n', 'it has come');
    peer.connection.write(Buffer.from('welcome\n'));
    await world.until(() => client.received().toString() === 'welcome\n', 'the answer has come');
  });

  for (const [how, count] of [
    ['none', 0],
    ['a few', 3],
    ['more than anybody has', 700],
  ] as const) {
    test(
      `the user and the supplementary groups of who connects are known: ${how}`,
      async (world) => {
        const listener = new Listener(world, 'socket', 0o666);
        const groups = Array.from({ length: count }, (_, index) => 70_001 + index);
        await world.harness.visit(world.harness.folder, 'socket', {
          uid: 70_000,
          gid: 4_000_000_000,
          groups,
        });
        await world.until(() => listener.peers[0]?.text === 'here', 'the visitor is here');
        const connection = listener.peers[0]?.connection;
        expect(connection?.peer).toMatchObject({ uid: 70_000, gid: 4_000_000_000 });
        expect(connection?.peerGroups()).toEqual(groups);
        connection?.close();
        expect(connection?.peerGroups()).toEqual([]);
      },
      'other-user',
    );
  }
}
