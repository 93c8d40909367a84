import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realWorkers } from '../../../src/sys/real/workers.ts';
import { processFacts, processIds, threadCpuMs } from '../../../src/sys/real/process-facts.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-test-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A program for a worker; what it is told when it is over. */
function run(
  text: string,
  posts: readonly unknown[] = [],
): Promise<{ messages: unknown[]; why: string; note: number }> {
  const file = path.join(folder, `${Math.random()}.cjs`);
  writeFileSync(
    file,
    `const { parentPort, workerData } = require('node:worker_threads');\nconst note = (n) => Atomics.store(workerData, 0, n);\n${text}`,
  );
  return new Promise((resolve) => {
    const messages: unknown[] = [];
    const worker = realWorkers.start(file, 16, {
      message: (message) => {
        messages.push(message);
        if (message === 'enough') {
          worker.end();
          resolve({ messages, why: 'ended', note: -1 });
        }
      },
      ended: (why, note) => {
        resolve({ messages, why, note });
      },
    });
    for (const message of posts) worker.post(message);
  });
}

describe('a worker', () => {
  it('gets what is posted to it, and posts back, in their order', async () => {
    const text = `parentPort.on('message', (m) => parentPort.postMessage(m === 3 ? 'enough' : m * 2));`;
    expect((await run(text, [1, 2, 3])).messages).toEqual([2, 4, 'enough']);
  });

  it('is ended whatever it is doing, and nothing is told of that', async () => {
    const text = `parentPort.postMessage('enough'); for (;;);`;
    expect((await run(text)).why).toBe('ended');
  });

  it('that fails is told with its reason and what it noted last', async () => {
    expect(await run(`note(7); throw new Error('no');`)).toMatchObject({ why: 'no', note: 7 });
    expect(await run(`note(8); process.exit(3);`)).toMatchObject({ why: 'it ended with 3', note: 8 });
  });

  it('that fills its heap is ended, and this program goes on', async () => {
    const text = `note(9); const all = []; for (;;) all.push({ a: [all.length] });`;
    const { why, note } = await run(text);
    expect(why).toMatch(/memory/);
    expect(note).toBe(9);
  });
});

describe('what /proc says of a process', () => {
  it('is there of this one, and nothing of one that is not', () => {
    const own = processFacts(process.pid);
    expect(own).toMatchObject({ pid: process.pid, ppid: process.ppid, exe: process.execPath });
    expect(own?.memory).toBeGreaterThan(1024 * 1024);
    expect(Math.abs((own?.started ?? 0) - (Date.now() / 1000 - process.uptime()))).toBeLessThan(60);
    expect(processIds()).toContain(process.pid);
    expect(processFacts(4_194_303)).toBe(undefined);
    expect(threadCpuMs() ?? 1).toBeGreaterThan(0);
  });
});
