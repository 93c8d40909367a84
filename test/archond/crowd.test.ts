/* Clients of every bad kind, many of them, and one good one among them. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { closeSync, openSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { dial } from '../../src/sys/dialer.ts';
import type { Connection } from '../../src/sys/sys.ts';
import { TestSupervisor } from '../support/supervisor.ts';
import { descriptorLimit, Usage } from '../support/usage.ts';

/** What archond may grow by, whatever clients do. */
const GROWTH_MIB = 96;
const ANSWER = `Ok,archon,${VERSION},1`;
const KEPT_TOO_LONG = /^(?:#\w+,)?Error,clients keep more than 12 MiB of .*,limit$/;

let supervisor: TestSupervisor;
let usage: Usage;
let held: readonly [number, number];
let used: number;
let sockets: Socket[];

beforeEach(async () => {
  supervisor = await TestSupervisor.start();
  usage = new Usage(await supervisor.decidingPid(), supervisor.pid);
  for (let round = 0; round < 20; round += 1) await supervisor.ask('Version', 'Run,true', 'List');
  held = usage.held();
  [used] = usage.usedMib();
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  expect(await supervisor.ask('Stop,*', 'Forget,*', 'Version')).toContain(ANSWER);
  await untilHeld(0);
  await supervisor[Symbol.asyncDispose]();
});

/** Until archond has so many descriptors more than at first: each answer is a turn of its loop. */
async function untilHeld(more: number): Promise<void> {
  while (usage.held()[0] !== held[0] + more) await supervisor.ask('Version');
}

/** Until archond has no more than so many descriptors more than at first; it is not asked anything. */
async function untilGone(more: number): Promise<void> {
  while (usage.held()[0] >= held[0] + more - 1) await turn();
}

async function connect(): Promise<Socket> {
  const socket = createConnection({ path: supervisor.socket, allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  sockets.push(socket);
  return socket;
}

/** So many more, as many at once as the queue of connections takes. */
async function connectAll(count: number): Promise<Socket[]> {
  const made: Socket[] = [];
  while (made.length < count)
    made.push(...(await Promise.all(Array.from({ length: Math.min(100, count - made.length) }, connect))));
  return made;
}

/** All that comes until the supervisor hangs up or `isSo`. */
async function answersOf(socket: Socket, isSo: (lines: readonly string[]) => boolean): Promise<string[]> {
  let text = '';
  const lines = (): string[] => text.split('\n').slice(0, -1);
  await new Promise<void>((resolve) => {
    const judge = (): void => {
      if (isSo(lines()) || socket.readableEnded || socket.destroyed) resolve();
    };
    /* What has been waiting comes in several pieces at one time. */
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      judge();
    });
    socket.on('end', judge).on('close', judge);
    judge();
  });
  return lines();
}

/** What a good client meets with meanwhile: it is answered each time, also where it says much, and nobody has grown. */
async function expectGood(what: string): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 300; round += 1) {
    const began = performance.now();
    expect(await supervisor.ask('Version')).toEqual([ANSWER]);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const long = `Run,echo ${'x '.repeat(40_000)}`;
  expect(await supervisor.ask(long)).toEqual(['ExitStatus,0']);
  const [now] = usage.usedMib();
  const [middle = 0, high = 0] = [times[150], times[297]];
  console.log(
    `${what}: archond ${used} -> ${now} MiB; a good neighbour's Version p50 ${middle.toFixed(2)} ms, p99 ${high.toFixed(2)} ms`,
  );
  expect(now - used).toBeLessThan(GROWTH_MIB);
}

describe('a good client is served, and archond stays small, while many others', { timeout: 300_000 }, () => {
  it('have sent half of a line that is nearly as long as it may be', async () => {
    const all = await connectAll(150);
    const half = Buffer.from(`#t,Run,echo ${'x'.repeat(900_000)}`);
    for (const socket of all) await new Promise((done) => socket.write(half, done));
    await expectGood('150 halves of lines');
    /* Those that gave way are told, and go on. */
    for (const socket of all) socket.write('\n#v,Version\n');
    let [kept, refused] = [0, 0];
    for (const socket of all) {
      const lines = await answersOf(socket, ({ length }) => length === 2);
      expect(lines.find((line) => line.startsWith('#v'))).toBe(`#v,${ANSWER}`);
      const other = lines.find((line) => line.startsWith('#t')) ?? '';
      if (KEPT_TOO_LONG.test(other)) refused += 1;
      else kept += 1;
    }
    expect(refused).toBeGreaterThan(100);
    expect(kept).toBeGreaterThan(5);
  });

  it('have many long requests waiting behind one that lasts', async () => {
    const all = await connectAll(60);
    const waiting = `Run,echo ${'x '.repeat(30_000)}\n`.repeat(30);
    for (const socket of all) socket.write(`Run,sleep 1000\n${waiting}`);
    await expectGood('60 with waiting requests');
  });

  it('never read what they are answered', async () => {
    const all = await connectAll(60);
    const flood = Buffer.from('Version\n'.repeat(60_000));
    for (const socket of all) {
      socket.pause();
      socket.write(flood);
    }
    await expectGood('60 that never read');
  });

  it('have said all, never read, and are to be hung up on', async () => {
    const all = await connectAll(60);
    for (const socket of all) {
      socket.pause();
      socket.end('Version\n'.repeat(30_000));
    }
    await expectGood('60 half-closed that never read');
  });

  it('vanish in the middle of a line, of a Run, and of a reply', async () => {
    for (let round = 0; round < 5; round += 1) {
      for (const [at, socket] of (await connectAll(30)).entries()) {
        const text = [
          'Vers',
          'Run,sleep 1000\n',
          '#r,Run,sleep 1000,@keep=0\nVersion\n',
          'List\n'.repeat(5000),
        ][at % 4];
        await new Promise((done) => socket.write(text ?? '', done));
        socket.destroy();
      }
      sockets = [];
    }
    await expectGood('150 that vanished');
    await untilHeld(0);
    expect(await supervisor.ask('Wait,sleep')).toHaveLength(1);
  });

  it('hold descriptors with lines that never end', async () => {
    const count = Math.min(600, Math.floor(descriptorLimit() / 16));
    const connections: Connection[] = [];
    const nothing = openSync('/dev/null', 'r');
    const sixteen = Array.from({ length: 16 }, () => nothing);
    for (let made = 0; made < count; made += 1) {
      const dialled = await dial(supervisor.socket);
      if (!dialled.ok) throw new Error(dialled.error.code);
      const ignore = (): void => undefined;
      dialled.value.listen({ data: ignore, ended: ignore, gone: ignore, drained: ignore });
      dialled.value.write(Buffer.from('Run,'), sixteen);
      connections.push(dialled.value);
    }
    await expectGood(`${count} with 16 descriptors each`);
    const most = count + descriptorLimit() / 8 + 16;
    expect(usage.held()[0] - held[0]).toBeLessThanOrEqual(most);
    closeSync(nothing);
    for (const connection of connections) connection.close(true);
  });
});

describe('a shutdown', () => {
  it('is not held up by clients that do not read', async () => {
    const all = await connectAll(20);
    for (const socket of all) {
      socket.pause();
      socket.end('Version\n'.repeat(50_000));
    }
    await expectGood('20 that never read');
    expect(await supervisor.ask('Shutdown')).toEqual(['Ok']);
    expect(await supervisor.ended()).toBe(0);
    for (const socket of all) socket.destroy();
    sockets = [];
    supervisor = await supervisor.again();
    usage = new Usage(await supervisor.decidingPid(), supervisor.pid);
    held = usage.held();
  });
});

describe('clients that are too many', () => {
  it('are told so, and those that are there are served', async () => {
    await supervisor[Symbol.asyncDispose]();
    supervisor = await TestSupervisor.start({ descriptors: 1024 });
    usage = new Usage(await supervisor.decidingPid(), supervisor.pid);
    held = usage.held();
    const all = await connectAll(768);
    await untilHeld(768);
    const refused = await connect();
    expect(await answersOf(refused, () => false)).toEqual(['Error,768 clients are connected already,limit']);
    all[0]?.write('Run,true\n');
    expect(await answersOf(all[0] ?? expect.fail(), ({ length }) => length === 1)).toEqual(['ExitStatus,0']);
    all[1]?.destroy();
    await untilGone(769);
    expect(await supervisor.ask('Version')).toEqual([ANSWER]);
  });
});
