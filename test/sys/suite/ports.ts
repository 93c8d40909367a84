import { expect } from 'vitest';
import type { Descriptor, Listener, SocketAddress } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { value, type World } from './world.ts';

const LOOPBACK: SocketAddress = { protocol: 'tcp', host: '127.0.0.1', port: 0 };

/** Binds, and says where that came to be. */
function bound(
  { sys }: World,
  address: SocketAddress,
  reusePort = false,
): { readonly socket: Descriptor; readonly address: SocketAddress } {
  const socket = value(sys.ports.bind(address, { backlog: 5, reusePort }));
  return { socket, address: value(sys.ports.addressOf(socket)) };
}

/** Sockets that are bound for others. */
export function ports(test: Tester): void {
  for (const [protocol, host] of [
    ['tcp', '127.0.0.1'],
    ['udp', '127.0.0.1'],
    ['tcp', '::1'],
    ['udp', '0.0.0.0'],
    ['tcp', '::'],
  ] as const)
    test(`a ${protocol} socket of ${host} has its address to itself until it is closed`, (world) => {
      const { ports, descriptors } = world.sys;
      const { socket, address } = bound(world, { protocol, host, port: 0 });
      expect(address).toMatchObject({ protocol, host });
      expect(address.port).toBeGreaterThan(0);
      expect(ports.bind(address, { backlog: 5 })).toMatchObject({ ok: false, error: { code: 'EADDRINUSE' } });
      descriptors.close(socket);
      const again = bound(world, address);
      expect(again.address).toEqual(address);
      descriptors.close(again.socket);
    });

  test('a Unix socket is bound at its path, and one at which nobody answers is replaced', (world) => {
    const { ports, descriptors } = world.sys;
    const host = `${world.harness.folder}/web.sock`;
    for (const protocol of ['tcp', 'udp'] as const) {
      const wanted = { protocol, host, port: 0 };
      const { socket, address } = bound(world, wanted);
      expect(address).toEqual(wanted);
      expect(ports.bind(wanted, { backlog: 5 })).toMatchObject({ ok: false, error: { code: 'EADDRINUSE' } });
      descriptors.close(socket);
    }
  });

  test('an address is shared by those that ask for it, and by nobody else', (world) => {
    const { ports, descriptors } = world.sys;
    const first = bound(world, LOOPBACK, true);
    const second = bound(world, first.address, true);
    expect(ports.bind(first.address, { backlog: 5 })).toMatchObject({ error: { code: 'EADDRINUSE' } });
    for (const { socket } of [first, second]) descriptors.close(socket);
  });

  test('what is no address, or no socket of one, is refused', (world) => {
    const { ports, descriptors } = world.sys;
    expect(ports.bind({ ...LOOPBACK, host: 'example.org' }, { backlog: 5 })).toMatchObject({
      error: { code: 'EINVAL' },
    });
    const path = `/${'x'.repeat(107)}`;
    expect(ports.bind({ ...LOOPBACK, host: path }, { backlog: 5 })).toMatchObject({
      error: { code: 'ENAMETOOLONG' },
    });
    const nothing = value(descriptors.openNull());
    expect(ports.addressOf(nothing)).toMatchObject({ error: { code: 'ENOTSOCK' } });
    descriptors.close(nothing);
  });

  test('who connects is noticed and left waiting', async (world) => {
    const { descriptors } = world.sys;
    const { socket, address } = bound(world, LOOPBACK);
    let count = 0;
    const cancel = descriptors.whenReadable(
      socket,
      world.heard(() => {
        count += 1;
      }),
    );
    await world.harness.knock(address);
    await world.until(() => count > 1, 'it is told, and told again while it waits');
    cancel();
    descriptors.close(socket);
  });

  test(
    'what the keeper holds is bound as before when archond has died',
    async (world) => {
      const { socket, address } = bound(world, LOOPBACK);
      await world.must<number>((done) => world.sys.keeper.store('port', socket, true, done));
      world.sys.descriptors.close(socket);
      await world.restart();
      expect(world.sys.ports.bind(address, { backlog: 5 })).toMatchObject({ error: { code: 'EADDRINUSE' } });
      const [kept] = await world.must<readonly { readonly descriptor: Descriptor }[]>((done) =>
        world.sys.keeper.kept(done),
      );
      const descriptor = kept?.descriptor ?? -1;
      expect(value(world.sys.ports.addressOf(descriptor))).toEqual(address);
      world.sys.descriptors.close(descriptor);
      await world.must<number>((done) => world.sys.keeper.drop('port', done));
      const again = bound(world, address);
      world.sys.descriptors.close(again.socket);
    },
    'restart',
  );

  test('a socket is taken back from the process that has it open, and from no other', async (world) => {
    const { ports, descriptors, pidfds } = world.sys;
    for (const wanted of [LOOPBACK, { ...LOOPBACK, protocol: 'udp' as const, host: '::1' }]) {
      const { socket, address } = bound(world, wanted);
      const other = bound(world, wanted);
      const passed = [socket, other.socket].map((from, at) => ({ from, to: 3 + at }));
      const spawned = await world.spawn(world.harness.commands.sleeps(), { descriptors: passed });
      await world.reached(spawned, 'running');
      for (const descriptor of [socket, other.socket]) descriptors.close(descriptor);
      expect(ports.bind(address, { backlog: 5 })).toMatchObject({ error: { code: 'EADDRINUSE' } });
      const again = value(ports.regain(spawned.pid, address));
      expect(value(ports.addressOf(again))).toEqual(address);
      descriptors.close(again);
      const elsewhere = { ...address, host: '127.0.0.2' };
      expect(ports.regain(spawned.pid, elsewhere)).toMatchObject({ error: { code: 'ENOENT' } });
      const pidfd = value(pidfds.open(spawned.pid));
      world.own(pidfd);
      pidfds.signal(pidfd, 9);
      await world.reached(spawned, 'empty');
      expect(ports.regain(spawned.pid, address)).toMatchObject({ ok: false });
      descriptors.close(bound(world, address).socket);
    }
  });

  test('who listens on the host is found, and with which process', async (world) => {
    const server = await world.harness.serve(204);
    const own = [LOOPBACK, { ...LOOPBACK, protocol: 'udp' as const }, { ...LOOPBACK, host: '::1' }].map(
      (one) => bound(world, one),
    );
    let found: readonly Listener[] | undefined;
    world.sys.ports.listeners(
      world.heard((listeners: readonly Listener[]) => {
        found = listeners;
      }),
    );
    expect(found).toBeUndefined();
    await world.until(() => found !== undefined, 'they are found');
    for (const { address } of own) {
      const listener = found?.find(
        ({ protocol, host, port }) =>
          protocol === address.protocol && host === address.host && port === address.port,
      );
      expect(listener).toMatchObject(address);
      expect(listener?.processes).not.toEqual([]);
    }
    const other = found?.find(({ port }) => port === server.port);
    expect(other).toMatchObject({ protocol: 'tcp', host: '127.0.0.1' });
    expect(other?.processes.length).toBeGreaterThan(0);
    for (const { socket } of own) world.sys.descriptors.close(socket);
    await server.close();
  });
}
