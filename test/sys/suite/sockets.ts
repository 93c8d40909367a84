import { expect } from 'vitest';
import { Listener } from './peer.ts';
import type { Tester } from './tester.ts';
import { bytes, value } from './world.ts';

const MEGABYTE = 1 << 20;

/** Bytes and descriptors over a connection, and its ends. */
export function sockets(test: Tester): void {
  test('bytes come in order, none missing, both ways', async (world) => {
    const { near, far } = await new Listener(world).pair();
    for (let number = 0; number < 100; number++) near.connection.write(bytes(`${number},`));
    far.connection.write(Uint8Array.of(0, 255, 10, 13));
    const expected = Array.from({ length: 100 }, (_, number) => `${number},`).join('');
    await world.until(() => far.text.length >= expected.length && near.text.length === 4, 'all has come');
    expect(far.text).toBe(expected);
    expect(near.text).toBe('\0\u00ff\n\r');
  });

  test('nothing is told inside a call, or before there is a listener', async (world) => {
    const { near, far } = await new Listener(world).pair();
    near.connection.write(bytes('x'));
    expect(far.reads).toEqual([]);
    expect(near.drained).toBe(0);
    await world.until(() => far.text === 'x', 'it has come');
  });

  test('bytes that were given to write may be changed afterwards', async (world) => {
    const { near, far } = await new Listener(world).pair();
    const data = Buffer.from('as given');
    near.connection.write(data);
    data.fill(0);
    await world.until(() => far.text.length === 8, 'it has come');
    expect(far.text).toBe('as given');
  });

  test('descriptors come with the bytes that they were sent with', async (world) => {
    const { near, far } = await new Listener(world).pair();
    const pipe = value(world.sys.descriptors.holding(bytes('inside')));
    const nothing = value(world.sys.descriptors.openNull());
    near.connection.write(bytes('first'));
    near.connection.write(bytes('second'), [pipe, nothing]);
    near.connection.write(bytes('third'));
    world.sys.descriptors.close(pipe);
    world.sys.descriptors.close(nothing);
    await world.until(() => far.text === 'firstsecondthird', 'all has come');
    const [from = -1, other = -1] = far.descriptors;
    expect(far.descriptors).toHaveLength(2);
    expect(value(world.sys.descriptors.kindOf(from))).toBe('pipe');
    expect(value(world.sys.descriptors.kindOf(other))).toBe('character');
    expect(await world.outputOf(world.harness.commands.copies(0), { descriptors: [{ from, to: 0 }] })).toBe(
      'inside',
    );
    // They belong to what begins in the read with which they came: nothing sent later may be in it.
    const carrying = far.reads.findIndex(({ descriptors }) => descriptors.length > 0);
    const upTo = far.reads
      .slice(0, carrying + 1)
      .map(({ text }) => text)
      .join('');
    expect('firstsecond'.startsWith(upTo)).toBe(true);
    expect(upTo.length).toBeGreaterThan('first'.length);
  });

  test('descriptors of several messages never come with the wrong one', async (world) => {
    const { near, far } = await new Listener(world).pair();
    const kinds = ['pipe', 'character', 'pipe', 'character', 'character', 'pipe'];
    for (const kind of kinds) {
      const made =
        kind === 'pipe' ? world.sys.descriptors.holding(bytes('')) : world.sys.descriptors.openNull();
      near.connection.write(bytes(`${kind};`), [value(made)]);
      world.sys.descriptors.close(value(made));
    }
    await world.until(() => far.descriptors.length === kinds.length, 'all have come');
    expect(far.descriptors.map((descriptor) => value(world.sys.descriptors.kindOf(descriptor)))).toEqual(
      kinds,
    );
    for (const { descriptors } of far.reads) expect(descriptors.length).toBeLessThanOrEqual(1);
    await world.until(() => far.text === kinds.map((kind) => `${kind};`).join(''), 'all bytes have come');
  });

  test('a long message that carries a descriptor comes whole', async (world) => {
    const { near, far } = await new Listener(world).pair();
    const nothing = world.own(value(world.sys.descriptors.openNull()));
    near.connection.write(Buffer.alloc(150_000, 'y'), [nothing]);
    near.connection.write(bytes('end'));
    await world.until(() => far.text.endsWith('end'), 'all has come');
    expect(far.text.length).toBe(150_003);
    expect(far.descriptors).toHaveLength(1);
    expect(far.reads[0]?.descriptors).toHaveLength(1);
    expect(far.reads.some(({ truncated }) => truncated)).toBe(false);
  });

  test('what a slow reader has not taken is queued, and drained is told when it has', async (world) => {
    const listener = new Listener(world);
    const { client, peer } = await listener.client();
    client.stopReading();
    const data = Buffer.alloc(4 * MEGABYTE, 'z');
    peer.connection.write(data);
    await listener.haveATurn();
    expect(peer.connection.queuedBytes()).toBeGreaterThan(MEGABYTE);
    expect(peer.connection.queuedBytes()).toBeLessThanOrEqual(data.length);
    expect(peer.drained).toBe(0);
    client.startReading();
    await world.until(() => peer.drained > 0, 'the queue is empty');
    expect(peer.connection.queuedBytes()).toBe(0);
    await world.until(() => client.received().length === data.length, 'all has come');
  });

  test('an end of output comes behind all that was written, and the peer may still send', async (world) => {
    const { client, peer } = await new Listener(world).client();
    client.stopReading();
    peer.connection.write(Buffer.alloc(2 * MEGABYTE, 'x'));
    peer.connection.endOutput();
    expect(peer.connection.queuedBytes()).toBeGreaterThan(0);
    client.startReading();
    await world.until(() => client.ended(), 'the client has seen the end');
    expect(client.received().length).toBe(2 * MEGABYTE);
    client.send('still here');
    await world.until(() => peer.text === 'still here', 'it has come');
    expect([peer.ended, peer.gone]).toEqual([0, 0]);
    client.endWriting();
    await world.until(() => peer.gone > 0, 'with both ended it is over');
  });

  test('a peer that will send no more may still read', async (world) => {
    const { client, peer } = await new Listener(world).client();
    client.send('last words');
    client.endWriting();
    await world.until(() => peer.ended > 0, 'the end is told');
    expect(peer.text).toBe('last words');
    peer.connection.write(bytes('an answer'));
    await world.until(() => client.received().toString() === 'an answer', 'the answer has come');
    expect([peer.ended, peer.gone]).toEqual([1, 0]);
    peer.connection.close();
    await world.until(() => client.ended(), 'the client knows');
  });

  test('a peer that has gone is told of once, after what it had sent', async (world) => {
    const { client, peer } = await new Listener(world).client();
    client.send('before it went');
    await world.until(() => peer.text === 'before it went', 'it has come');
    client.vanish();
    await world.until(() => peer.gone > 0, 'it is told');
    expect(peer.gone).toBe(1);
    peer.connection.write(bytes('into the void'));
    peer.connection.close();
  });

  test('what a peer had not taken when it went stays without end in the queue, and what it had does not', async (world) => {
    const listener = new Listener(world);
    for (const megabytes of [0, 4]) {
      const { client, peer } = await listener.client();
      client.stopReading();
      peer.connection.write(Buffer.alloc(megabytes * MEGABYTE + 1, 'x'));
      expect(peer.connection.queuedBytes() > 0).toBe(megabytes > 0);
      client.vanish();
      await world.until(() => peer.gone > 0, 'it is told');
      expect(peer.connection.queuedBytes()).toBe(megabytes > 0 ? Infinity : 0);
      peer.connection.close();
      expect(peer.connection.queuedBytes()).toBe(0);
    }
  });

  test('a peer that is gone after it had ended is told of both', async (world) => {
    const { client, peer } = await new Listener(world).client();
    client.endWriting();
    await world.until(() => peer.ended === 1, 'the end is told');
    client.vanish();
    await world.until(() => peer.gone === 1, 'that it is gone is told');
  });

  test('a peer that goes while much is queued for it is gone', async (world) => {
    const listener = new Listener(world);
    const { client, peer } = await listener.client();
    client.stopReading();
    peer.connection.write(Buffer.alloc(4 * MEGABYTE));
    await listener.haveATurn();
    client.vanish();
    await world.until(() => peer.gone === 1, 'it is told');
    expect(peer.drained).toBe(0);
  });

  test('a paused connection reads nothing until it is resumed', async (world) => {
    const listener = new Listener(world);
    const { client, peer } = await listener.client();
    peer.connection.pause();
    client.send('waits');
    client.endWriting();
    await listener.haveATurn();
    expect([peer.text, peer.ended]).toEqual(['', 0]);
    peer.connection.resume();
    await world.until(() => peer.ended === 1, 'the end is told');
    expect(peer.text).toBe('waits');
  });

  test('a paused connection is told that its peer is gone', async (world) => {
    const { client, peer } = await new Listener(world).client();
    peer.connection.pause();
    client.send('never read');
    client.vanish();
    await world.until(() => peer.gone === 1, 'it is told');
    expect([peer.text, peer.ended]).toEqual(['', 0]);
  });

  test('a paused connection writes all the same', async (world) => {
    const { client, peer } = await new Listener(world).client();
    peer.connection.pause();
    peer.connection.write(bytes('out'));
    await world.until(() => client.received().toString() === 'out', 'it has come');
  });

  test('a close writes what is queued first', async (world) => {
    const { client, peer } = await new Listener(world).client();
    client.stopReading();
    peer.connection.write(Buffer.alloc(2 * MEGABYTE, 'q'));
    peer.connection.close();
    client.startReading();
    await world.until(() => client.ended(), 'the client knows of the end');
    expect(client.received().length).toBe(2 * MEGABYTE);
    expect([peer.ended, peer.gone, peer.drained]).toEqual([0, 0, 0]);
  });

  test('a close at once throws away what is queued', async (world) => {
    const { client, peer } = await new Listener(world).client();
    client.stopReading();
    peer.connection.write(Buffer.alloc(4 * MEGABYTE, 'q'));
    peer.connection.close(true);
    client.startReading();
    await world.until(() => client.ended(), 'the client knows of the end');
    expect(client.received().length).toBeLessThan(4 * MEGABYTE);
  });

  test('after a close nothing is told', async (world) => {
    const listener = new Listener(world);
    const { client, peer } = await listener.client();
    client.send('too late');
    peer.connection.close();
    peer.connection.close();
    await world.until(() => client.ended(), 'the client knows of the end');
    await listener.haveATurn();
    expect([peer.text, peer.ended, peer.gone]).toEqual(['', 0, 0]);
  });
}
