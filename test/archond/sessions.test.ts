import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/base/version.ts';
import { untilFile } from '../support/files.ts';
import { isAlive } from '../support/processes.ts';
import { TestSupervisor } from '../support/supervisor.ts';

const MIB = 1024 * 1024;
/** What archond may grow by, whatever clients do. */
const BOUND_BYTES = 64 * MIB;
const IDLE = Math.min(10_000, openFilesLimit() - 1000);
const ANSWER = `Ok,archon,${VERSION},1`;

let supervisor: TestSupervisor;
let deciding: number;

beforeAll(async () => {
  supervisor = await TestSupervisor.start();
  deciding = await supervisor.decidingPid();
  mkdirSync(path.join(supervisor.folder, 'out'));
});

afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
});

function openFilesLimit(): number {
  const [, hard = '4096'] =
    /Max open files\s+\S+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return Number(hard);
}

function residentBytes(): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${deciding}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** The descriptors of the deciding part that are sockets and pipes, which clients and units bring along. */
function openDescriptors(): number {
  const folder = `/proc/${deciding}/fd`;
  return readdirSync(folder).filter((number) => /^(socket|pipe):/.test(linkOf(`${folder}/${number}`))).length;
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

async function connect(): Promise<Socket> {
  const socket = createConnection(supervisor.socket);
  await once(socket, 'connect');
  return socket;
}

async function line(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString('latin1').trimEnd();
}

/** Hangs up, and waits until the supervisor has noticed: it gives the descriptor back. */
async function hangUp(sockets: readonly Socket[], expected: number): Promise<void> {
  for (const socket of sockets) socket.destroy();
  /* Each answer is a turn of the supervisor's loop; hang-ups are taken before further requests. */
  while (openDescriptors() > expected) await supervisor.ask('Version');
}

describe('a client', () => {
  it('that has said all is answered before the supervisor hangs up', async () => {
    expect(await supervisor.ask('Run,sleep 0.05', 'Version')).toEqual(['ExitStatus,0', ANSWER]);
  });

  it('that ends in the middle of a line is told so', async () => {
    const socket = await connect();
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString('latin1')));
    socket.end('Version\nVers');
    await once(socket, 'close');
    expect(answer.split('\n')).toEqual([ANSWER, expect.stringMatching(/^Error,.*,syntax$/), '']);
  });

  it('that goes away in the middle of a Run takes the command along, with all that it started', async () => {
    const file = path.join(supervisor.folder, 'out/gone');
    const before = openDescriptors();
    const socket = await connect();
    socket.write(`Run,"sh -c 'sleep 1000 & echo $$ $! > ${file}; wait'",@label=gone\n`);
    const text = await untilFile(file, (content) => /^\d+ \d+\n$/.test(content));
    const pids = text.trim().split(' ').map(Number);
    expect(pids.filter(isAlive)).toEqual(pids);
    await hangUp([socket], before);
    expect(await supervisor.ask('Wait,gone')).toEqual(['ExitStatus,143']);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('that goes away leaves alone what is to be kept, and daemons', async () => {
    const before = openDescriptors();
    const socket = await connect();
    socket.write('#k,Run,sleep 1000,@label=kept,@keep=1\n#d,StartDaemon,sleep 1000,@label=daemon\n');
    expect(await line(socket)).toMatch(/^#d,Ok,daemon,/);
    /* Two pipes stay open: those that take the output of the two, both ends of each. */
    await hangUp([socket], before + 4);
    await supervisor.ask('Wait,kept,@for=running');
    const lines = await supervisor.ask('List');
    expect(lines.map((text) => text.split(',').slice(1, 3))).toEqual([
      ['daemon', 'running'],
      ['kept', 'running'],
      ['2'],
    ]);
    await supervisor.ask('Stop,*', 'Forget,*');
  });

  it('that sends a tag that is in use is refused, and the first one goes on', async () => {
    const lines = await supervisor.ask('#a,Run,sleep 0.05', '#a,Version', '#b,Version');
    expect(lines).toEqual([
      '#a,Error,the tag #a is still in use,conflict',
      `#b,${ANSWER}`,
      '#a,ExitStatus,0',
    ]);
  });

  it('that never reads is not read from, and costs others nothing', { timeout: 120_000 }, async () => {
    const before = { descriptors: openDescriptors(), bytes: residentBytes() };
    const sockets = await Promise.all(Array.from({ length: 20 }, connect));
    const flood = Buffer.from('Version\n'.repeat(10_000));
    for (const socket of sockets) {
      socket.pause();
      /* Until the kernel takes no more: then the supervisor has stopped reading. */
      for (let piece = 0; piece < 100 && socket.write(flood); piece += 1);
    }
    for (let round = 0; round < 1000; round += 1) expect(await supervisor.ask('Version')).toEqual([ANSWER]);
    expect(residentBytes() - before.bytes).toBeLessThan(BOUND_BYTES);
    await hangUp(sockets, before.descriptors);
  });

  it(
    `is one of ${IDLE} idle ones, each of which is answered when it asks`,
    { timeout: 120_000 },
    async () => {
      const before = { descriptors: openDescriptors(), bytes: residentBytes() };
      const sockets: Socket[] = [];
      /* No more than the queue of connections takes, however late archond gets to it: who has been answered was taken out of it last. */
      while (sockets.length < IDLE) {
        sockets.push(...(await Promise.all(Array.from({ length: 100 }, connect))));
        expect(await supervisor.ask('Version')).toEqual([ANSWER]);
      }
      expect(openDescriptors() - before.descriptors).toBe(sockets.length);
      for (const socket of sockets) socket.write('Vers');
      expect(await supervisor.ask('Version')).toEqual([ANSWER]);
      const answers = sockets.map(line);
      for (const socket of sockets) socket.write('ion\n');
      expect(new Set(await Promise.all(answers))).toEqual(new Set([ANSWER]));
      expect(residentBytes() - before.bytes).toBeLessThan(BOUND_BYTES);
      await hangUp(sockets, before.descriptors);
    },
  );

  it('that comes and goes 2,000 times leaves no descriptor behind', async () => {
    const before = openDescriptors();
    for (let round = 0; round < 2000; round += 1) expect(await supervisor.ask('Version')).toEqual([ANSWER]);
    await hangUp([], before);
    expect(openDescriptors()).toBe(before);
  });
});
