import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Folder, until } from './support.ts';

let folder: Folder;

beforeEach(async () => {
  folder = await Folder.make();
});

afterEach(() => folder[Symbol.asyncDispose]());

describe('an environment', () => {
  it('of a worker that is terminated gives back what the helper held for it, and costs no other one anything', async () => {
    const script = await folder.bundle('workers');
    const { code, stdout, stderr } = await folder.run(process.execPath, [script, folder.file('socket-')]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { more, sockets, logs, own } = JSON.parse(stdout) as Record<string, unknown>;
    expect(more).toBe(6);
    expect(sockets).toEqual([]);
    expect(logs).toEqual([42, 42]);
    expect(own).toBe(true);
  });

  it('ends by itself when nothing is watched any more', async () => {
    const script = await folder.bundle('ending');
    const { code, stderr } = await folder.run(process.execPath, [script, folder.file('socket'), 'by itself']);
    expect([code, stderr]).toEqual([7, '']);
    expect(existsSync(folder.file('socket'))).toBe(false);
  });

  it('can be left by process.exit inside a callback', async () => {
    const script = await folder.bundle('ending');
    const { code, stderr } = await folder.run(process.execPath, [script, folder.file('socket'), 'exit']);
    expect([code, stderr]).toEqual([7, '']);
  });
});

describe('a callback that throws', () => {
  it('is an uncaught exception, and costs no other callback anything', async () => {
    const script = await folder.bundle('throwing');
    const server = folder.start(
      process.execPath,
      [script, folder.file('socket')],
      ['pipe', 'pipe', 'inherit'],
    );
    const isClosed = once(server, 'close');
    let said = '';
    server.stdout?.on('data', (bytes: Buffer) => (said += bytes.toString()));
    await until(() => said.includes('listening'));

    const talk = async (text: string): Promise<net.Socket> => {
      const client = net.connect({ path: folder.file('socket'), allowHalfOpen: true });
      client.write(text);
      const [answer] = (await once(client, 'data')) as [Buffer];
      // What was written before the throw is sent all the same.
      expect(answer.toString()).toBe(`answer to ${text}`);
      return client;
    };
    const first = await talk('throw');
    const second = await talk('hello');
    second.end();
    await once(second, 'end');
    first.destroy();
    await until(() => said.includes('gone'));
    server.stdin?.end();
    await isClosed;
    expect(server.exitCode).toBe(0);
    expect(said.split('\n')).toEqual([
      'listening',
      'caught in accept',
      'caught in data',
      'caught in ended',
      'caught in gone',
      '',
    ]);
  });
});
