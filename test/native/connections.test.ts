import { closeSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Meeting, Recorder } from './recorder.ts';
import { loopIsIdle, openDescriptors, until } from './support.ts';

let meeting: Meeting;
let before: Map<number, string>;

beforeEach(async () => {
  before = openDescriptors();
  meeting = await Meeting.open();
});

afterEach(async () => {
  await meeting[Symbol.asyncDispose]();
  // The first listener of a process takes the reserve, which it keeps.
  const left = [...openDescriptors()].filter(
    ([number, what]) => !before.has(number) && !what.includes('eventpoll'),
  );
  expect(left).toEqual([]);
});

async function recorders(): Promise<[caller: Recorder, callee: Recorder]> {
  const [caller, callee] = await meeting.pair();
  return [new Recorder(caller), new Recorder(callee)];
}

describe('bytes', () => {
  it('arrive as they were written, both ways', async () => {
    const [caller, callee] = await recorders();
    caller.connection.write(Buffer.from('one\n'));
    await callee.until(() => callee.text === 'one\n');
    callee.connection.write(Buffer.from('two\n'));
    await caller.until(() => caller.text === 'two\n');
  });

  it('come from the process that the peer credentials name', async () => {
    const [caller, callee] = await recorders();
    const me = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };
    expect(callee.connection.peer).toEqual(me);
    expect(caller.connection.peer).toEqual(me);
  });

  it('of one step leave in one piece', async () => {
    const [caller, callee] = await recorders();
    for (let i = 0; i < 1000; i++) caller.connection.write(Buffer.from(`${i}\n`));
    await callee.until(() => callee.text.endsWith('999\n'));
    expect(callee.reads).toHaveLength(1);
  });

  it('written in answer to one read leave in one piece, also those of its microtasks', async () => {
    const [caller, callee] = await recorders();
    callee.onData = () => {
      for (let i = 0; i < 100; i++) callee.connection.write(Buffer.from(`${i}\n`));
      queueMicrotask(() => callee.connection.write(Buffer.from('micro\n')));
      process.nextTick(() => callee.connection.write(Buffer.from('tick\n')));
    };
    caller.connection.write(Buffer.from('go\n'));
    await caller.until(() => caller.text.includes('micro') && caller.text.includes('tick'));
    expect(caller.reads).toHaveLength(1);
  });

  it('belong to the writer again when write returns', async () => {
    const [caller, callee] = await recorders();
    const bytes = Buffer.from('kept');
    caller.connection.write(bytes);
    bytes.fill('x');
    await callee.until(() => callee.text.length === 4);
    expect(callee.text).toBe('kept');
  });

  it('of 8 MiB come through a peer that reads slowly, in order', async () => {
    const [caller, callee] = await recorders();
    const block = Buffer.alloc(8 << 20);
    for (let i = 0; i < block.length; i += 4) block.writeUInt32LE(i, i);
    callee.connection.pause();
    caller.connection.write(block);
    const parts: Buffer[] = [];
    let total = 0;
    callee.onData = ({ text }) => {
      parts.push(Buffer.from(text, 'latin1'));
      total += text.length;
      callee.connection.pause();
      setImmediate(() => callee.connection.resume());
    };
    callee.connection.resume();
    await callee.until(() => total === block.length);
    expect(Buffer.concat(parts).equals(block)).toBe(true);
  });
});

describe('a reader that never reads', () => {
  it('costs the writer just what was written, and is told of when it reads after all', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    const piece = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 4; i++) caller.connection.write(piece);
    const queued = caller.connection.queuedBytes();
    expect(queued).toBeGreaterThan(2 << 20);
    expect(queued).toBeLessThan(4 << 20);
    expect(caller.drainedCount).toBe(0);
    callee.connection.resume();
    await caller.until(() => caller.drainedCount === 1);
    expect(caller.connection.queuedBytes()).toBe(0);
  });

  it('keeps no other connection waiting', async () => {
    const [stuck, deaf] = await recorders();
    deaf.connection.pause();
    stuck.connection.write(Buffer.alloc(4 << 20));
    const [caller, callee] = await recorders();
    caller.connection.write(Buffer.from('still there?'));
    await callee.until(() => callee.text === 'still there?');
    expect(stuck.connection.queuedBytes()).toBeGreaterThan(0);
  });

  it('does not hold up a close that is to be at once', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    caller.connection.write(Buffer.alloc(4 << 20));
    caller.connection.close(true);
    await callee.until(() => callee.isGone);
  });

  it('may be given up by a second close after a first that waits', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    caller.connection.write(Buffer.alloc(4 << 20));
    caller.connection.close();
    caller.connection.close(true);
    await callee.until(() => callee.isGone);
  });
});

describe('queuedBytes', () => {
  it('of a short answer is 0, since the kernel is asked first', async () => {
    const [caller, callee] = await recorders();
    caller.connection.write(Buffer.from('short'));
    expect(caller.connection.queuedBytes()).toBe(0);
    await callee.until(() => callee.text === 'short');
    expect(caller.drainedCount).toBe(0);
  });

  it('above 0 is always followed by drained', async () => {
    const [caller, callee] = await recorders();
    for (let round = 1; round <= 20; round++) {
      while (caller.connection.queuedBytes() === 0) caller.connection.write(Buffer.alloc(40_000));
      await caller.until(() => caller.drainedCount === round);
    }
    expect(callee.isGone).toBe(false);
  });
});

describe('a peer that has shut down its writing half', () => {
  it('has ended, is not gone, and is still written to', async () => {
    const [, callee] = await recorders();
    const client = net.connect({ path: meeting.path, allowHalfOpen: true });
    const server = new Recorder(await meeting.accept());
    client.end('last words');
    await server.until(() => server.isEnded);
    expect(server.text).toBe('last words');
    expect(server.isGone).toBe(false);
    server.connection.write(Buffer.from('answer'));
    server.connection.close();
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('answer');
    expect(callee.isGone).toBe(false);
    client.destroy();
  });

  it('is gone when it closes altogether', async () => {
    const client = net.connect({ path: meeting.path, allowHalfOpen: true });
    const server = new Recorder(await meeting.accept());
    client.end();
    await server.until(() => server.isEnded);
    client.destroy();
    await server.until(() => server.isGone);
  });

  it('does not make the loop spin', async () => {
    const client = net.connect({ path: meeting.path, allowHalfOpen: true });
    const server = new Recorder(await meeting.accept());
    client.end();
    await server.until(() => server.isEnded);
    expect(await loopIsIdle(meeting.folder)).toBe(true);
    client.destroy();
  });
});

describe('a peer that is gone', () => {
  it('is told of after what it had written', async () => {
    const [caller, callee] = await recorders();
    callee.onData = () => expect(callee.isGone).toBe(false);
    caller.connection.write(Buffer.from('farewell'));
    caller.connection.close();
    await callee.until(() => callee.isGone);
    expect(callee.text).toBe('farewell');
    expect(callee.isEnded).toBe(false);
  });

  it('is noticed while the connection is paused', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    caller.connection.write(Buffer.from('unread'));
    caller.connection.close();
    await callee.until(() => callee.isGone);
    expect(callee.text).toBe('');
  });

  it('is noticed by a write where nothing is read', async () => {
    const client = net.connect({ path: meeting.path });
    const server = new Recorder(await meeting.accept());
    server.connection.pause();
    client.destroy();
    server.connection.write(Buffer.from('to nobody'));
    expect(server.isGone).toBe(false);
    await server.until(() => server.isGone);
  });

  it('is written to without harm', async () => {
    const [caller, callee] = await recorders();
    caller.connection.close(true);
    await callee.until(() => callee.isGone);
    callee.connection.write(Buffer.from('late'));
    expect(callee.connection.queuedBytes()).toBe(0);
    callee.connection.pause();
    callee.connection.resume();
    callee.connection.close();
  });

  it('is told of once, also where a thousand go at the same time', async () => {
    const pairs: [Recorder, Recorder][] = [];
    for (let i = 0; i < 1000; i++) pairs.push(await recorders());
    // Each is written to by the one before it when that hears of its own peer's end.
    let told = 0;
    for (const [i, [, callee]] of pairs.entries()) {
      callee.onGone = () => {
        told++;
        pairs[(i + 1) % pairs.length]?.[1].connection.write(Buffer.from('?'));
      };
    }
    for (const [caller] of pairs) caller.connection.close(true);
    for (const [, callee] of pairs) await callee.until(() => callee.isGone);
    expect(told).toBe(pairs.length);
  });
});

describe('close', () => {
  it('writes what is queued before it closes', async () => {
    const [caller, callee] = await recorders();
    callee.connection.pause();
    caller.connection.write(Buffer.alloc(2 << 20, 'z'));
    caller.connection.close();
    callee.connection.resume();
    await callee.until(() => callee.isGone);
    expect(callee.text).toHaveLength(2 << 20);
  });

  it('lets the peer read the answer before the end, also where the peer had written more than was read', async () => {
    const client = net.connect({ path: meeting.path });
    const server = new Recorder(await meeting.accept());
    server.onData = () => {
      server.onData = undefined;
      server.connection.write(Buffer.from('enough'));
      server.connection.close();
    };
    client.write(Buffer.alloc(200_000));
    let text = '';
    client.on('data', (bytes: Buffer) => (text += bytes.toString()));
    const [hadError] = (await once(client, 'close')) as [boolean];
    expect(text).toBe('enough');
    expect(hadError).toBe(false);
  });

  it('is followed by no callback, however much comes', async () => {
    const [caller, callee] = await recorders();
    callee.onData = () => {
      callee.connection.close();
    };
    for (let i = 0; i < 10; i++) caller.connection.write(Buffer.alloc(60_000));
    await caller.until(() => caller.isGone);
    expect(callee.reads).toHaveLength(1);
    expect(callee.isGone).toBe(false);
  });

  it('inside a callback leaves the bytes of that callback as they are', async () => {
    const [caller, callee] = await recorders();
    const texts: string[] = [];
    callee.data = (bytes, descriptors) => {
      for (const descriptor of descriptors) closeSync(descriptor);
      callee.connection.write(Buffer.from('bye'));
      callee.connection.close();
      texts.push(Buffer.from(bytes).toString());
    };
    caller.connection.write(Buffer.from('first'));
    caller.connection.write(Buffer.from('second'), [0]);
    await caller.until(() => caller.isGone);
    expect(texts.join('').startsWith('first')).toBe(true);
    expect(caller.text).toBe('bye');
  });

  it('of everything gives every descriptor back, however the connections stand', async () => {
    for (let i = 0; i < 500; i++) {
      const [caller, callee] = await meeting.pair();
      if (i % 2 === 0) callee.listen(new Recorder(callee, false));
      if (i % 3 === 0) caller.write(Buffer.from('x'), [0, 0, 0]);
      if (i % 5 === 0) caller.write(Buffer.alloc(1 << 20), [0]);
      callee.close(i % 7 === 0);
      caller.close(i % 11 === 0);
    }
    // Those that waited for their queue have heard of the hang-up by now.
    await until(
      () =>
        [...openDescriptors().values()].filter((what) => what.startsWith('socket')).length <= countSockets(),
    );
  });
});

/** Sockets that were open before the test, and the listening one. */
function countSockets(): number {
  return [...before.values()].filter((what) => what.startsWith('socket')).length + 1;
}
