/*
 * Much comes and goes, and nothing of it stays. In its full size, by hand:
 *
 *   ARCHON_SOAK=full npx vitest run --configLoader runner test/archond/soak.test.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeDescriptor, dial, openPidfd } from '../../src/sys/dialer.ts';
import { TestSupervisor } from '../support/supervisor.ts';
import { Usage } from '../support/usage.ts';

/** How much comes and goes. */
const SIZES = {
  full: { connections: 100_000, watched: 10_000, runs: 10_000, daemons: 1000 },
  short: { connections: 2000, watched: 300, runs: 200, daemons: 60 },
} as const;
const size = SIZES[process.env['ARCHON_SOAK'] === 'full' ? 'full' : 'short'];
const GROWTH_MIB = 16;
const TIMEOUT_MS = 3_600_000;

let supervisor: TestSupervisor;
let usage: Usage;
let held: readonly [number, number];
let used: readonly [number, number];

const ask = async (...lines: readonly string[]): Promise<string[]> => supervisor.ask(...lines);

beforeAll(async () => {
  /* Little room for garbage, so that what is in use can be seen. */
  supervisor = await TestSupervisor.start({ env: { NODE_OPTIONS: '--max-old-space-size=40' } });
  usage = new Usage(await supervisor.decidingPid(), supervisor.pid);
  /* What is made once, and what is made ahead, is there before anything is counted. */
  for (let round = 0; round < 5; round += 1) {
    await connections(500);
    await watched(50);
    await runs(50);
    await daemons(20);
  }
  held = await usage.heldAtRest(async () => ask('Version'));
  used = usage.usedMib();
}, TIMEOUT_MS);

afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
});

/** Does something so often, some of it at the same time. */
async function often(count: number, atOnce: number, deed: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await deed(next);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Clients that ask something; of every ten one goes away without reading, and one without saying anything. */
async function connections(count: number): Promise<void> {
  await often(count, 20, async (number) => {
    if (number % 10 > 1) {
      expect(await ask('Version')).toHaveLength(1);
      return;
    }
    const socket = createConnection(supervisor.socket);
    await once(socket, 'connect');
    if (number % 10 === 0) socket.write('Version\nVers');
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  });
}

/** Processes that are not the supervisor's, some hundreds at a time, are watched until they end. */
async function watched(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 250) await watchedAtOnce(Math.min(250, left));
}

async function watchedAtOnce(count: number): Promise<void> {
  const script = `i=0; while [ $i -lt ${count} ]; do sleep 100000 & echo $!; i=$((i+1)); done; echo; wait`;
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pids: number[] = [];
  for await (const line of createInterface({ input: shell.stdout })) {
    if (line === '') break;
    pids.push(Number(line));
  }
  const half = pids.length >> 1;
  await passed(pids.slice(0, half));
  const answers = await ask(...pids.slice(half).map((pid) => `MonitorPid,${pid},@label=p${pid}`));
  expect(answers).toEqual(pids.slice(half).map((pid) => `Ok,p${pid},${pid}`));
  const waiting = ask(...pids.map((pid) => `#${pid},Wait,p${pid}`));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await once(shell, 'exit');
  expect(await waiting).toHaveLength(count);
  expect(await ask('Forget,p*')).toEqual([`Ok,${count}`]);
}

/** Hands over descriptors of processes. */
async function passed(pids: readonly number[]): Promise<void> {
  const dialled = await dial(supervisor.socket);
  if (!dialled.ok) throw new Error(dialled.error.code);
  const connection = dialled.value;
  let text = '';
  let wake = (): void => undefined;
  const woken = (): void => {
    wake();
  };
  connection.listen({
    data: (bytes) => {
      text += Buffer.from(bytes).toString('latin1');
      wake();
    },
    ended: woken,
    gone: woken,
    drained: woken,
  });
  for (const pid of pids) {
    const pidfd = openPidfd(pid);
    if (!pidfd.ok) throw new Error(pidfd.error.code);
    connection.write(Buffer.from(`MonitorFD,@label=p${pid}\n`), [pidfd.value]);
    closeDescriptor(pidfd.value);
  }
  while (text.split('\n').length <= pids.length) await new Promise<void>((resolve) => (wake = resolve));
  expect(text.split('\n').slice(0, -1)).toEqual(pids.map((pid) => `Ok,p${pid},${pid}`));
  connection.close();
}

async function runs(count: number): Promise<void> {
  await often(Math.ceil(count / 50), 4, async () => {
    const answers = await ask(...Array.from({ length: 50 }, () => 'Run,true'));
    expect(answers).toEqual(Array.from({ length: 50 }, () => 'ExitStatus,0'));
  });
}

async function daemons(count: number): Promise<void> {
  await often(Math.ceil(count / 20), 4, async (number) => {
    const labels = Array.from({ length: 20 }, (_, at) => `d${number}-${at}`);
    const answers = await ask(
      ...labels.map((label) => `StartDaemon,sleep 100000,@label=${label},@restart=always`),
      `Stop,d${number}-*`,
      `Forget,d${number}-*`,
    );
    expect(answers.slice(-2)).toEqual(['Ok,20', 'Ok,20']);
  });
}

/** Nothing stays: as many descriptors as before, hardly more memory, once what is being cleaned up is. */
async function expectNothingLeft(what: string): Promise<void> {
  const grown = (): boolean => usage.usedMib().some((mib, which) => mib - (used[which] ?? 0) >= GROWTH_MIB);
  /* Each round is a turn of the supervisor's loop, and makes some garbage that wants to be collected. */
  for (let turn = 0; turn < 2000 && (String(usage.held()) !== String(held) || grown()); turn += 1)
    await ask('Version');
  console.log(
    `soak: ${what}: archond, keeper: ${used.join(', ')} MiB before, ${usage.usedMib().join(', ')} after`,
  );
  expect(await ask('List')).toEqual(['Ok,0']);
  expect(usage.held()).toEqual(held);
  expect(grown(), `grown from ${used.join()} to ${usage.usedMib().join()} MiB`).toBe(false);
}

describe('nothing stays', { timeout: TIMEOUT_MS }, () => {
  it(`of ${size.connections} connections`, async () => {
    await connections(size.connections);
    await expectNothingLeft(`${size.connections} connections`);
  });

  it(`of ${size.watched} processes that were watched`, async () => {
    await watched(size.watched);
    await expectNothingLeft(`${size.watched} watched`);
  });

  it(`of ${size.runs} Runs`, async () => {
    await runs(size.runs);
    await expectNothingLeft(`${size.runs} Runs`);
  });

  it(`of ${size.daemons} daemons, started, stopped and forgotten`, async () => {
    await daemons(size.daemons);
    await expectNothingLeft(`${size.daemons} daemons`);
  });
});
