import { once } from 'node:events';
import { lstatSync, mkdirSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realSockets } from '../../src/sys/real/sockets.ts';
import type { Connection } from '../../src/sys/sys.ts';
import { Recorder } from './recorder.ts';
import { codeOf, Folder, loopIsIdle, openDescriptors, until, value } from './support.ts';

let folder: Folder;
let path: string;
let before: number;
const nobody = (): void => undefined;

beforeEach(async () => {
  folder = await Folder.make();
  path = folder.file('socket');
  // The first listener of a process takes the reserve, which it keeps.
  value(realSockets.listen(path, 0o600, nobody)).close();
  before = openDescriptors().size;
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
  expect(openDescriptors().size).toBe(before);
});

/**
 * A file of a socket at which nobody listens any more: its owner was killed. `PID` in the path is the owner's, in
 * hexadecimal digits.
 */
async function leaveStale(at = path): Promise<string> {
  const script =
    'const path = process.argv[1].replace("PID", process.pid.toString(16));' +
    'require("net").createServer().listen(path, () => console.log("listening"))';
  const owner = folder.start(process.execPath, ['-e', script, at]);
  if (owner.stdout === null) throw new Error('no output');
  await once(owner.stdout, 'data');
  owner.kill('SIGKILL');
  await once(owner, 'close');
  const left = at.replace('PID', (owner.pid ?? 0).toString(16));
  expect(lstatSync(left).isSocket()).toBe(true);
  return left;
}

describe('listen', () => {
  it('gives the socket file its mode, whatever the umask says', () => {
    for (const mask of [0, 0o777]) {
      const was = process.umask(mask);
      try {
        const listening = value(realSockets.listen(path, 0o620, nobody));
        expect(statSync(path).mode & 0o777).toBe(0o620);
        listening.close();
      } finally {
        process.umask(was);
      }
    }
  });

  it('leaves nothing in the folder but the socket, and nothing at all after the close', () => {
    const listening = value(realSockets.listen(path, 0o600, nobody));
    expect(readdirSync(folder.path)).toEqual(['socket']);
    listening.close();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('takes the place of a socket file that nobody answers at', async () => {
    await leaveStale();
    const accepted: Connection[] = [];
    const listening = value(realSockets.listen(path, 0o600, (connection) => accepted.push(connection)));
    const client = value(realSockets.connect(path));
    await until(() => accepted.length === 1);
    for (const connection of [client, ...accepted]) connection.close();
    listening.close();
  });

  it('removes what those left who were killed before their socket had its name, and nothing else', async () => {
    const left = await leaveStale(folder.file('.PID-1f-2a-3b'));
    const ours = `.${process.pid.toString(16)}-1-2-3`;
    await folder.run('mv', [await leaveStale(folder.file('other')), folder.file(ours)]);
    await folder.run('cp', ['-a', left, `${left}-4c`]);
    writeFileSync(left.replace('-3b', '-3c'), 'no socket');
    const before = readdirSync(folder.path);
    const listening = value(realSockets.listen(path, 0o600, nobody));
    const removed = before.filter((name) => !readdirSync(folder.path).includes(name));
    expect(removed.map((name) => folder.file(name))).toEqual([left]);
    expect(before).toHaveLength(4);
    listening.close();
  });

  it('never leaves the path without a socket while it takes it over', async () => {
    await leaveStale();
    const watcher = folder.start('sh', ['-c', 'while test -e "$1"; do :; done; echo missing', 'sh', path]);
    let missing = false;
    watcher.stdout?.once('data', () => (missing = true));
    for (let i = 0; i < 50; i++) {
      // Stale again, by another one that is gone without removing it.
      const listening = value(realSockets.listen(path, 0o600, nobody));
      await folder.run('cp', ['-a', path, `${path}.stale`]);
      await folder.run('mv', [`${path}.stale`, path]);
      listening.close();
    }
    expect(missing).toBe(false);
    watcher.kill('SIGKILL');
  });

  it('is refused where somebody answers, who is left alone', async () => {
    const server = net.createServer();
    server.listen(path);
    await once(server, 'listening');
    const file = lstatSync(path).ino;
    expect(codeOf(realSockets.listen(path, 0o600, nobody))).toBe('EADDRINUSE');
    expect(lstatSync(path).ino).toBe(file);
    expect(readdirSync(folder.path)).toEqual(['socket']);
    server.close();
    await once(server, 'close');
  });

  it('is refused where somebody listens who has no time to answer', async () => {
    const owner = folder.start(await folder.compile('narrow'), [path], ['pipe', 'pipe', 'ignore']);
    if (owner.stdout === null) throw new Error('no output');
    await once(owner.stdout, 'data');
    const waiting = value(realSockets.connect(path));
    expect(codeOf(realSockets.connect(path))).toBe('EAGAIN');
    expect(codeOf(realSockets.listen(path, 0o600, nobody))).toBe('EADDRINUSE');
    waiting.close();
    owner.kill();
    await once(owner, 'close');
  });

  it('never removes what is no socket', () => {
    writeFileSync(path, 'precious');
    expect(codeOf(realSockets.listen(path, 0o600, nobody))).toBe('EEXIST');
    expect(statSync(path).size).toBe(8);
  });

  it('waits for others that bind in the folder, and lets one of all in that want one path', async () => {
    const script = await folder.bundle('binding');
    const sockets = folder.file('sockets');
    mkdirSync(sockets);
    const { stdout, stderr } = await folder.run(process.execPath, [script, sockets]);
    expect(stderr).toBe('');
    const { results, left } = JSON.parse(stdout) as { results: Record<string, number>[]; left: string[] };
    expect(left).toEqual([]);
    expect(results).toHaveLength(4);
    for (const counts of results) {
      expect(counts).toMatchObject({ 'own bound': 200 });
      expect(Object.keys(counts).sort()).toSatisfy((keys: string[]) =>
        keys.every((key) => ['own bound', 'shared EADDRINUSE', 'shared bound'].includes(key)),
      );
    }
  });

  it('is refused in a folder that is held for long', async () => {
    const holder = folder.start(
      'flock',
      ['-x', folder.path, 'sh', '-c', 'echo held; read line'],
      ['pipe', 'pipe', 'ignore'],
    );
    if (holder.stdout === null) throw new Error('no output');
    await once(holder.stdout, 'data');
    expect(codeOf(realSockets.listen(path, 0o600, nobody))).toBe('EADDRINUSE');
    holder.stdin?.end();
    await once(holder, 'close');
    value(realSockets.listen(path, 0o600, nobody)).close();
  });

  it('works with a path that no socket address can hold', async () => {
    const deep = folder.file('d'.repeat(100));
    await folder.run('mkdir', [deep]);
    const long = `${deep}/a socket with a name`;
    const accepted: Connection[] = [];
    const listening = value(realSockets.listen(long, 0o600, (connection) => accepted.push(connection)));
    const client = value(realSockets.connect(long));
    await until(() => accepted.length === 1);
    expect(codeOf(realSockets.listen(long, 0o600, nobody))).toBe('EADDRINUSE');
    for (const connection of [client, ...accepted]) connection.close();
    listening.close();
    expect(readdirSync(deep)).toEqual([]);
  });

  it('says which call failed', () => {
    const missing = realSockets.listen(folder.file('no/socket'), 0o600, nobody);
    expect(missing).toMatchObject({ ok: false, error: { code: 'ENOENT', errno: 2, call: 'open' } });
    const nowhere = realSockets.connect(path);
    expect(nowhere).toMatchObject({ ok: false, error: { code: 'ENOENT', errno: 2, call: 'connect' } });
  });
});

describe('the close of a listening socket', () => {
  it('does not remove the file of a successor', () => {
    const first = value(realSockets.listen(path, 0o600, nobody));
    unlinkSync(path);
    const second = value(realSockets.listen(path, 0o600, nobody));
    first.close();
    expect(lstatSync(path).isSocket()).toBe(true);
    second.close();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('inside its own callback is the end of it', async () => {
    const accepted: Connection[] = [];
    const listening = value(
      realSockets.listen(path, 0o600, (connection) => {
        accepted.push(connection);
        listening.close();
      }),
    );
    const clients = [1, 2, 3].map(() => new Recorder(value(realSockets.connect(path))));
    // The two that were not accepted are told so.
    await until(() => clients.filter((client) => client.isGone).length === 2);
    expect(accepted).toHaveLength(1);
    for (const client of clients) client.connection.close();
    for (const connection of accepted) connection.close();
  });
});

describe('without a descriptor left', () => {
  it('nobody spins, one more is let in, and all others are when there is room again', async () => {
    const script = await folder.bundle('crowded');
    const server = folder.start('sh', [
      '-c',
      'ulimit -n 64; exec "$@"',
      'sh',
      process.execPath,
      script,
      path,
    ]);
    if (server.stdout === null) throw new Error('no output');
    await once(server.stdout, 'data');

    const first = new Recorder(value(realSockets.connect(path)));
    const ask = async (question: string): Promise<string> => {
      const from = first.text.length;
      first.connection.write(Buffer.from(`${question}\n`));
      await first.until(() => first.text.length > from);
      return first.text.slice(from).trim();
    };
    const others = Array.from({ length: 100 }, () => new Recorder(value(realSockets.connect(path))));
    // It is full when the reserve went: a message with more descriptors than that does not come whole.
    let accepted = 0;
    for (let count = await askCount(ask); count !== accepted; count = await askCount(ask)) accepted = count;
    expect(accepted).toBeGreaterThan(20);
    expect(accepted).toBeLessThan(64);
    first.connection.write(Buffer.from('descriptors\n'), Array<number>(20).fill(0));
    await first.until(() => first.text.endsWith('truncated\n'));

    await ask('idle');
    expect(await loopIsIdle(folder)).toBe(true);
    expect(await ask('idle')).toBe('1');

    for (const other of others.splice(0, 70)) other.connection.close();
    while ((await askCount(ask)) < 101) expect(server.exitCode).toBe(null);
    for (const other of [first, ...others]) other.connection.close();
    server.kill();
    await once(server, 'close');
  });
});

/** After two round trips with nothing new between them everybody who can be accepted has been. */
async function askCount(ask: (question: string) => Promise<string>): Promise<number> {
  await ask('idle');
  return Number(await ask('accepted'));
}
