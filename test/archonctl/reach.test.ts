import { once } from 'node:events';
import { writeFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { reachConnection, type Patience } from '../../src/archonctl/reach.ts';
import { TempFolder } from './temp-folder.ts';

/** Listens for as long as it takes, then is gone with its file. */
async function listening(path: string) {
  const server = createServer((connection) => connection.end()).listen(path);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Tries to reach `path`; whether that has come to an end can be looked at. */
function attempt(path: string, patience?: Patience) {
  const state = { isOver: false };
  const result = reachConnection(path, patience).then((reached) => {
    state.isOver = true;
    if (reached.ok) reached.value.close(true);
    return reached.ok ? 'reached' : reached.error;
  });
  return { state, result };
}

const A_MINUTE = 60_000;

describe('reaching a supervisor', () => {
  it('waits a little where its socket is and nobody listens, as while it restarts', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    /* connect(2) refuses for any file on which nobody listens. */
    await writeFile(path, '');
    const { state, result } = attempt(path);
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.isOver).toBe(false);
    await rm(path);
    const server = await listening(path);
    expect(await result).toBe('reached');
    await server[Symbol.asyncDispose]();
  });

  it('ends with what it last met where the socket goes and none comes', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    await writeFile(path, '');
    const { result } = attempt(path, { refusedMs: 100 });
    await rm(path);
    expect(await result).toContain('ENOENT (No such file or directory); start one');
  });

  it('does not wait for a socket that is not there, unless it is told to', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    expect(await attempt(path).result).toContain('ENOENT');
    const { state, result } = attempt(path, { absentMs: A_MINUTE });
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.isOver).toBe(false);
    const server = await listening(path);
    expect(await result).toBe('reached');
    await server[Symbol.asyncDispose]();
  });

  it('ends with what it last met when its patience ends', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    expect(await attempt(path, { absentMs: 30 }).result).toContain(
      'ENOENT (No such file or directory); start one',
    );
    await writeFile(path, '');
    expect(await attempt(path, { refusedMs: 30 }).result).toContain(
      'ECONNREFUSED (Connection refused); nobody listens',
    );
    expect(await attempt(`${path}/deeper`, { absentMs: A_MINUTE }).result).toContain('ENOTDIR');
  });

  it('is given up at once, before or while it waits', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    const giveUp = new AbortController();
    const waiting = attempt(path, { absentMs: A_MINUTE, giveUp: giveUp.signal });
    await new Promise((resolve) => setImmediate(resolve));
    giveUp.abort();
    expect(await waiting.result).toContain('ENOENT');
    expect(await attempt(path, { absentMs: A_MINUTE, giveUp: giveUp.signal }).result).toContain('ENOENT');
  });
});
