import { spawn, spawnSync } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { flood } from '../../support/flood.ts';
import { scaled } from '../../support/scale.ts';
import { Storm } from '../../support/storm.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { ROOT, TestSupervisor } from '../../support/supervisor.ts';
import { sequenceIn } from '../../support/told.ts';

const MIB = 1024 * 1024;
/** Two hundred at ARCHON_TEST_SCALE=10. */
const LISTENERS = scaled(20, 5);
/** A little more than a reader may leave unread (16 MiB) and what its socket takes. */
const UNREAD_BYTES = 17 * MIB;
/** And so much comes behind it. */
const FURTHER_BYTES = MIB;
/** What may wait for one that reads, but is slow to: what its connection holds. */
const WINDOW_BYTES = MIB / 4;

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** A listener that keeps of what it is told no more than a sum of it. */
class Summing implements Disposable {
  readonly #socket: Socket;
  readonly #hash: Hash = createHash('sha1');
  #head: string | undefined = '';
  #tail = '';
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.on('data', (bytes: Buffer) => {
      this.#take(bytes);
      this.#wake();
    });
    this.#socket.write('Subscribe\n');
  }

  /** What follows the first line is summed. */
  #take(bytes: Buffer): void {
    let events = bytes;
    if (this.#head !== undefined) {
      this.#head += bytes.toString('latin1');
      const end = this.#head.indexOf('\n');
      if (end < 0) return;
      events = Buffer.from(this.#head.slice(end + 1), 'latin1');
      this.#head = undefined;
    }
    this.#hash.update(events);
    this.#tail = (this.#tail + events.toString('latin1', Math.max(0, events.length - 1000))).slice(-1000);
  }

  async joined(): Promise<void> {
    while (this.#head !== undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** The sum of all events, when that of this number has come. */
  async sumAt(sequence: number): Promise<string> {
    const last = new RegExp(`(?:^|\n)Event,${sequence},[^\n]*\n$`);
    while (!last.test(this.#tail)) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#hash.copy().digest('hex');
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

function mostResidentBytes(pid: number): number {
  const [, kib = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Measures how long `Version` takes meanwhile; returns the report, for people. */
async function whileMeasured(socket: string, work: () => Promise<void>): Promise<string> {
  const script = path.join(ROOT, 'test/clients/python/latency.py');
  const probe = spawn('python3', ['-B', script, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  let report = '';
  probe.stdout.setEncoding('utf8').on('data', (text: string) => (report += text));
  await once(probe.stdout, 'data');
  await work();
  const ended = once(probe, 'close');
  probe.kill('SIGTERM');
  await ended;
  const [count, ...ms] = (report.split('\n')[1] ?? '').split(' ');
  return `${count ?? ''} times, median ${ms[0] ?? ''} ms, p99 ${ms[1] ?? ''} ms, most ${ms[2] ?? ''} ms`;
}

describe.skipIf(!hasPython)(`${LISTENERS} listeners, one of which never reads (needs python3)`, () => {
  it(
    'are told everything but that one, which is told it was too slow; memory stays within bounds',
    { timeout: 600_000 },
    async () => {
      await using supervisor = await TestSupervisor.start();
      const deciding = await supervisor.decidingPid();
      const before = mostResidentBytes(deciding);
      using deaf = await StreamClient.connect(supervisor.socket, 'Subscribe');
      const joinedAt = await deaf.untilLine(/^Ok,/);
      deaf.pause();
      const listeners = Array.from({ length: LISTENERS - 1 }, () => new Summing(supervisor.socket));
      await Promise.all(listeners.map(async (listener) => listener.joined()));

      using storm = new Storm(supervisor.socket, 2);
      const latency = await whileMeasured(supervisor.socket, async () => {
        await storm.blow();
        await flood(supervisor.socket, UNREAD_BYTES);
        /* It was told its end just now: whoever does not even take that for half a minute is cut off without it. */
        deaf.resume();
        await flood(supervisor.socket, FURTHER_BYTES);
        await storm.calm();
      });

      const events = (await supervisor.ask(`Events,@after=${joinedAt.slice(3)}`)).slice(0, -1);
      const last = sequenceIn(events.at(-1) ?? '');
      const sum = createHash('sha1')
        .update(events.map((line) => `${line}\n`).join(''), 'latin1')
        .digest('hex');
      const sums = await Promise.all(listeners.map(async (listener) => listener.sumAt(last)));
      expect(sums.filter((one) => one !== sum)).toEqual([]);

      await deaf.untilClosed();
      const heard = deaf.lines.slice(1, -1);
      expect(deaf.lines.at(-1)).toBe('End,too-slow');
      expect(heard.findIndex((line, index) => line !== events[index])).toBe(-1);
      expect(heard.length).toBeLessThan(events.length);

      const grownBytes = mostResidentBytes(deciding) - before;
      expect(grownBytes).toBeLessThan(64 * MIB + LISTENERS * WINDOW_BYTES);
      for (const listener of listeners) listener[Symbol.dispose]();
      console.info(
        `${events.length} events to ${LISTENERS}; Version ${latency}; archond grew by ${(grownBytes / MIB).toFixed(1)} MiB`,
      );
    },
  );
});
