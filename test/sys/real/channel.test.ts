import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DONE,
  MESSAGE,
  NAMED,
  REFUSED,
  TELL_ORPHAN,
  TELL_PROCESS,
  TELL_SIGNAL,
} from '../../../src/sys/keeper-layout.ts';
import { RealKeeper } from '../../../src/sys/real/keeper.ts';
import { Words } from '../../../src/sys/real/words.ts';
import { Meeting, Recorder } from '../../native/recorder.ts';
import { openDescriptors, until } from '../../native/support.ts';

const RUNNING = 2n;

/** One message as the keeper would write it. */
function message(
  type: number,
  id: number,
  bytes: number,
  fill: (words: Words) => void = () => undefined,
): string {
  const words = new Words(Buffer.alloc(bytes));
  words.put16(MESSAGE.version, MESSAGE.VERSION);
  words.put16(MESSAGE.type, type);
  words.put32(MESSAGE.bytes, bytes);
  words.put64(MESSAGE.id, id);
  fill(words);
  return Buffer.from(words.bytes).toString('hex');
}
const done = (id: number, number: number): string =>
  message(MESSAGE.TELL_DONE, id, DONE.BYTES, (words) => words.put64(DONE.value, number));
const changed = (index: number, generation: number): string =>
  message(MESSAGE.TELL_PROCESS, 0, TELL_PROCESS.BYTES, (words) => {
    words.putBig(TELL_PROCESS.stateWord, (BigInt(generation) << 8n) | RUNNING);
    words.put32(TELL_PROCESS.index, index);
  });
const kept = (id: number, name: string): string =>
  message(MESSAGE.TELL_KEPT, id, NAMED.BYTES + name.length, (words) => {
    words.put32(NAMED.nameBytes, name.length);
    words.bytes.set(Buffer.from(name), NAMED.BYTES);
  });

let meeting: Meeting;
let peer: ChildProcess;
let said: string;
let keeper: RealKeeper;
/** What the keeper was heard to say, in order. */
let heard: string[];
let before: number;

/** Has the other end do something; returns what it says. */
async function tell(line: string): Promise<string> {
  const from = said.length;
  peer.stdin?.write(`${line}\n`);
  await until(() => said.includes('\n', from));
  return said.slice(from).trim();
}

/** Answers written down as they come. */
const note = (result: { ok: boolean; value?: unknown; error?: { code: string } }): void =>
  void heard.push(result.ok ? `ok ${String(result.value)}` : (result.error?.code ?? ''));

beforeEach(async () => {
  meeting = await Meeting.open();
  peer = meeting.folder.start(
    await meeting.folder.compile('scripted'),
    [meeting.path],
    ['pipe', 'pipe', 'inherit'],
  );
  said = '';
  peer.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const recorder = new Recorder(await meeting.accept());
  await recorder.until(() => recorder.descriptors.length === 1);
  recorder.connection.close();
  heard = [];
  keeper = new RealKeeper(recorder.descriptors[0] ?? -1);
  keeper.listen({
    changed: ({ index, generation }, state) => heard.push(`${index} of ${generation} is ${state}`),
    signalled: (signal, count) => heard.push(`signal ${signal} for the ${count}. time`),
    orphaned: (sequence) => heard.push(`orphans to ${sequence}`),
    gone: () => heard.push('gone'),
  });
  before = openDescriptors().size;
});

afterEach(async () => {
  // The channel's own descriptor may be closed by now, but nothing may be open that was not.
  expect(openDescriptors().size).toBeLessThanOrEqual(before);
  keeper.close();
  peer.stdin?.end();
  await once(peer, 'close');
  await meeting[Symbol.asyncDispose]();
});

describe('what the keeper tells', () => {
  it('is heard in its order, in batches of any size', async () => {
    const count = 300;
    const messages = Array.from({ length: count }, (_, i) => changed(i, i + 1));
    expect(await tell(`send ${messages.join(' ')}`)).toBe('sent');
    await until(() => heard.length === count);
    expect(heard).toEqual(Array.from({ length: count }, (_, i) => `${i} of ${i + 1} is running`));
  });

  it('of signals and orphans is heard too', async () => {
    const signal = message(MESSAGE.TELL_SIGNAL, 0, TELL_SIGNAL.BYTES, (words) => {
      words.put64(TELL_SIGNAL.count, 3);
      words.put32(TELL_SIGNAL.signal, 15);
    });
    const orphan = message(MESSAGE.TELL_ORPHAN, 0, TELL_ORPHAN.BYTES, (words) =>
      words.put64(TELL_ORPHAN.ringNext, 2 ** 33),
    );
    await tell(`send ${signal} ${orphan}`);
    await until(() => heard.length === 2);
    expect(heard).toEqual(['signal 15 for the 3. time', `orphans to ${2 ** 33}`]);
  });

  it('in words that are not known is passed over, and what came along is closed', async () => {
    const later = message(200, 0, 64);
    const toNobody = done(4711, 1);
    const ofAnotherVersion = changed(1, 1).replace(/^..../, 'ffff');
    const tooShort = '0100';
    const liesAboutItsSize = message(MESSAGE.TELL_PROCESS, 0, TELL_PROCESS.BYTES, (words) =>
      words.put32(MESSAGE.bytes, 4),
    );
    await tell(
      `send +${later} +${toNobody} +${ofAnotherVersion} ${tooShort} +${liesAboutItsSize} ${changed(9, 9)}`,
    );
    await until(() => heard.length > 0);
    expect(heard).toEqual(['9 of 9 is running']);
  });

  it('at too great a length is passed over as a whole', async () => {
    await tell('long 2000');
    await tell(`send ${changed(9, 9)}`);
    await until(() => heard.length > 0);
    expect(heard).toEqual(['9 of 9 is running']);
  });

  it('to a listener that throws is heard by the others all the same', async () => {
    const caught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => caught.push(error.message));
    try {
      keeper.ready(() => {
        throw new Error('thrown by an answer');
      });
      keeper.ready(note);
      await tell('take 2');
      await tell(`send ${done(1, 1)} ${changed(1, 1)} ${done(2, 2)}`);
      await until(() => heard.length === 2 && caught.length === 1);
      expect(heard).toEqual(['1 of 1 is running', 'ok 2']);
      expect(caught).toEqual(['thrown by an answer']);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});

describe('a request', () => {
  it('is answered by the message with its id, whatever the order', async () => {
    keeper.ready(note);
    keeper.drop('a', note);
    keeper.kill({ index: 1, generation: 2 }, note);
    expect(await tell('take 3')).toBe('9:1 7:2 4:3 descriptors:0');
    const refused = message(MESSAGE.TELL_REFUSED, 2, REFUSED.BYTES, (words) => words.put32(REFUSED.error, 2));
    await tell(`send ${done(3, 30)} ${refused} ${done(1, 10)}`);
    await until(() => heard.length === 3);
    expect(heard).toEqual(['ok 30', 'ENOENT', 'ok 10']);
  });

  it('is answered once, however often it is told', async () => {
    keeper.ready(note);
    await tell('take 1');
    await tell(`send ${done(1, 1)} ${done(1, 2)} ${changed(0, 1)}`);
    await until(() => heard.length === 2);
    expect(heard).toEqual(['ok 1', '0 of 1 is running']);
  });

  it('for what is kept collects until the last, and owns what came', async () => {
    const names: string[] = [];
    keeper.kept((result) => {
      if (!result.ok) return;
      for (const { name, descriptor } of result.value) {
        names.push(name);
        closeSync(descriptor);
      }
    });
    await tell('take 1');
    await tell(`send +${kept(1, 'one')} ${changed(0, 1)} +${kept(1, 'two')} ${done(1, 2)}`);
    await until(() => names.length === 2);
    expect(names).toEqual(['one', 'two']);
  });

  it('for what is kept that is refused half-way gives nothing, and closes what had come', async () => {
    keeper.kept(note);
    await tell('take 1');
    const refused = message(MESSAGE.TELL_REFUSED, 1, REFUSED.BYTES, (words) => words.put32(REFUSED.error, 5));
    await tell(`send +${kept(1, 'one')} ${refused}`);
    await until(() => heard.length === 1);
    expect(heard).toEqual(['EIO']);
  });

  it('for what is kept is refused where a descriptor was lost on the way', async () => {
    keeper.kept(note);
    await tell('take 1');
    await tell(`send +${kept(1, 'one')} ${kept(1, 'two')} ${done(1, 2)}`);
    await until(() => heard.length === 1);
    expect(heard).toEqual(['EMFILE']);
  });

  it('that is answered with what was not asked for is refused', async () => {
    const spawned = message(MESSAGE.TELL_SPAWNED, 1, 64);
    keeper.ready(note);
    keeper.hello(note);
    await tell('take 2');
    await tell(`send ${spawned} ${done(2, 1)}`);
    await until(() => heard.length === 2);
    expect(heard).toEqual(['EPROTO', 'EPROTO']);
  });

  it('that cannot be encoded is refused without being sent, and not inside the call', async () => {
    const order = { generation: 1, label: 'x', argv: [], env: [], paths: [], descriptors: [] };
    keeper.spawn(order, note);
    keeper.spawn({ ...order, label: 'ümlaut', argv: [Buffer.from('x')], paths: [Buffer.from('x')] }, note);
    keeper.spawn({ ...order, generation: 0 }, note);
    keeper.store('', 0, false, note);
    keeper.store('n'.repeat(321), 0, false, note);
    keeper.drop('', note);
    expect(heard).toEqual([]);
    await until(() => heard.length === 6);
    expect(heard).toEqual(Array(6).fill('EINVAL'));
    keeper.ready(note);
    expect(await tell('take 1')).toMatch(/^9:1 /);
  });

  it('with a descriptor that is not open is refused by the kernel', async () => {
    const closed = openSync('/dev/null', 'r');
    closeSync(closed);
    keeper.store('name', closed, false, note);
    await until(() => heard.length === 1);
    expect(heard).toEqual(['EBADF']);
  });
});

describe('a keeper that does not read', () => {
  it('gets every request in its order when it does, with its descriptors', async () => {
    const count = 2000;
    const descriptor = openSync('/dev/null', 'r');
    for (let i = 0; i < count; i++) {
      if (i % 10 === 0) keeper.store(`name ${i}`, descriptor, false, note);
      else keeper.ready(note);
    }
    closeSync(descriptor);
    const taken = (await tell(`take ${count}`)).split(' ');
    expect(taken.pop()).toBe(`descriptors:${count / 10}`);
    expect(taken).toEqual(Array.from({ length: count }, (_, i) => `${i % 10 === 0 ? 6 : 9}:${i + 1}`));
  });
});

describe('a channel that is closed', () => {
  it('tells that the keeper is gone, after what it had said, then answers what is under way with EPIPE', async () => {
    keeper.ready(note);
    keeper.ready(note);
    await tell('take 2');
    await tell(`send ${changed(4, 4)} ${done(1, 1)}`);
    await tell('close');
    await until(() => heard.includes('EPIPE'));
    expect(heard).toEqual(['4 of 4 is running', 'ok 1', 'gone', 'EPIPE']);
  });

  it('refuses every further request', async () => {
    await tell('close');
    await until(() => heard.includes('gone'));
    keeper.ready(note);
    keeper.signalNoted(1, 1);
    expect(heard).toEqual(['gone']);
    await until(() => heard.length === 2);
    expect(heard).toEqual(['gone', 'EPIPE']);
  });

  it('while requests wait for it gives their descriptors back', async () => {
    const descriptor = openSync('/dev/null', 'r');
    for (let i = 0; i < 1000; i++) keeper.store(`name ${i}`, descriptor, false, note);
    closeSync(descriptor);
    await tell('close');
    await until(() => heard.includes('gone'));
    expect(heard.filter((what) => what === 'EPIPE')).toHaveLength(1000);
  });

  it('by this side tells nothing', async () => {
    keeper.ready(note);
    keeper.close();
    keeper.close();
    keeper.ready(note);
    await until(() => heard.length > 0);
    expect(heard).toEqual(['EPIPE']);
    before--;
  });
});

describe('a descriptor that is no channel', () => {
  it('is refused at once', () => {
    expect(() => new RealKeeper(0)).toThrow(/cannot be used: ENOTSOCK|EPROTOTYPE/);
    expect(() => new RealKeeper(100_000)).toThrow('EBADF');
  });
});
