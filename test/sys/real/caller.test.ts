import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownBytes, writeAll } from '../../../src/sys/real/caller.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-caller-'));
});
afterEach(async () => rm(folder, { recursive: true }));

/** A pipe with a name; both its ends can be opened at will. */
function makeFifo(): string {
  const fifo = path.join(folder, 'fifo');
  expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
  return fifo;
}

describe('writing all', () => {
  it('waits for room where somebody has made the descriptor non-blocking', async () => {
    const fifo = makeFifo();
    const out = openSync(path.join(folder, 'out'), 'w');
    /* Holds the pipe open, so that a writer may open it before `cat` does. */
    const holder = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    const cat = spawn('cat', [fifo], { stdio: ['ignore', out, 'inherit'] });
    const ended = once(cat, 'exit');
    const bytes = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => (index * 31) >> 3));
    await once(cat, 'spawn');
    expect(writeAll(writer, bytes)).toEqual({ ok: true, value: undefined });
    closeSync(writer);
    await ended;
    for (const descriptor of [holder, out]) closeSync(descriptor);
    expect(readFileSync(path.join(folder, 'out')).equals(bytes)).toBe(true);
  });

  it('says so where nobody reads any more, and where nothing can be written', () => {
    const fifo = makeFifo();
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    closeSync(reader);
    expect(writeAll(writer, Buffer.from('x'))).toMatchObject({ ok: false, error: { code: 'EPIPE' } });
    closeSync(writer);
    const full = openSync('/dev/full', 'w');
    expect(writeAll(full, Buffer.from('x'))).toMatchObject({
      ok: false,
      error: { code: 'ENOSPC', call: 'write' },
    });
    expect(writeAll(full, Buffer.alloc(0)).ok).toBe(true);
    closeSync(full);
  });
});

describe('what this process was started with', () => {
  it('are its arguments and its environment as bytes, each ended by NUL', () => {
    const strings = (what: 'arguments' | 'environment'): string[] => {
      const bytes = ownBytes(what);
      if (!bytes.ok) throw new Error(bytes.error.code);
      expect(bytes.value.at(-1)).toBe(0);
      return Buffer.from(bytes.value).toString().split('\0').slice(0, -1);
    };
    expect(strings('arguments')[0]).toContain('node');
    expect(strings('environment').find((pair) => pair.startsWith('PATH='))).toBeDefined();
  });

  it('is its folder', () => {
    expect(ownBytes('folder')).toEqual({ ok: true, value: Buffer.from(process.cwd()) });
  });
});
