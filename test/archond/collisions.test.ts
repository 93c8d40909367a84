import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ORDINARY_UID, ROOT, TestSupervisor } from '../support/supervisor.ts';

const isRoot = process.getuid?.() === 0;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Calls archond, which is to end by itself, in the foreground and in the background: both say the same. */
function refused(...args: readonly string[]): string {
  const said = [['--foreground'], []].map((how) => {
    const { status, stderr } = spawnSync(path.join(ROOT, 'bin/archond'), [...how, ...args], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: undefined, ARCHON_CONFIG: undefined },
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(status, stderr).toBe(1);
    return stderr.split('\n')[0] ?? '';
  });
  expect(said[0]).toBe(said[1]);
  return said[0] ?? '';
}

const at = (name: string): string => path.join(folder, name);

describe('a second supervisor', () => {
  it('on the same socket, state or runtime folder does not come up and says who holds it; the first goes on', async () => {
    await using first = await TestSupervisor.start();
    const { socket, pid } = first;
    await first.ask('StartDaemon,sleep 1000,@label=d');
    const state = path.join(first.folder, 'state');
    const before = readdirSync(first.folder);
    const holds = (lock: string): string => `archond: another supervisor (process ${pid}) holds ${lock}`;
    const runtimeLock = path.join(first.folder, 'lock');
    expect(refused('--socket', socket, '--state', state)).toBe(holds(runtimeLock));
    expect(refused('--socket', socket, '--state', at('state'))).toBe(holds(runtimeLock));
    expect(refused('--socket', path.join(first.folder, 'other.sock'), '--state', at('state'))).toBe(
      holds(runtimeLock),
    );
    expect(refused('--socket', at('run/archon.sock'), '--state', state)).toBe(holds(`${state}/lock`));
    const deciding = await first.decidingPid();
    expect(refused('--socket', socket, '--runtime', at('run'), '--state', at('state'))).toBe(
      `archond: another program (process ${deciding}) answers on ${socket}; name another with --socket`,
    );
    expect((await first.ask('List'))[0]).toMatch(/^Unit,d,running,/);
    expect(await first.ask('Stop,d', 'Forget,d')).toContain('Ok,1');
    expect(readdirSync(first.folder)).toEqual(before);
  });

  it('on the socket of a program that is no supervisor says which process that is', async () => {
    mkdirSync(at('run'), { mode: 0o700 });
    const server = createServer().listen(at('run/archon.sock'));
    await once(server, 'listening');
    /* It is connected to within the same kernel; nobody has to accept. */
    expect(refused('--socket', at('run/archon.sock'), '--state', at('state'))).toBe(
      `archond: another program (process ${process.pid}) answers on ${at('run/archon.sock')}; name another with --socket`,
    );
    server.close();
  });
});

describe('what stands in the way of the socket', () => {
  it('is taken over where it is a socket that nobody listens on', async () => {
    await using first = await TestSupervisor.start();
    const { ino } = statSync(first.socket);
    process.kill(first.pid, 'SIGKILL');
    await first.ended();
    expect(statSync(first.socket).ino).toBe(ino);
    await using second = await first.again();
    expect(await second.ask('List')).toEqual(['Ok,0']);
  });

  it('is left alone where it is a folder or a file, and said to be no socket', () => {
    const socket = at('run/archon.sock');
    const notice = `archond: ${socket} is there and no socket; remove it, or name another with --socket`;
    mkdirSync(at('run'), { mode: 0o700 });
    mkdirSync(socket);
    expect(refused('--socket', socket, '--state', at('state'))).toBe(notice);
    rmSync(socket, { recursive: true });
    writeFileSync(socket, 'precious');
    expect(refused('--socket', socket, '--state', at('state'))).toBe(notice);
    expect(readFileSync(socket, 'utf8')).toBe('precious');
  });
});

describe('a folder that is not the supervisor’s alone', () => {
  it('is refused where others may write to it', () => {
    const notice = (name: string, flag: string): string =>
      `archond: the folder ${at(name)} belongs to another user, or others may write to it; name another with ${flag}`;
    mkdirSync(at('shared'));
    chmodSync(at('shared'), 0o777);
    expect(refused('--runtime', at('shared'), '--state', at('state'))).toBe(notice('shared', '--runtime'));
    expect(refused('--runtime', at('run'), '--state', at('shared'))).toBe(notice('shared', '--state'));
  });

  it.runIf(isRoot)('is refused where it is another user’s (needs root)', () => {
    mkdirSync(at('foreign'), { mode: 0o700 });
    chownSync(at('foreign'), ORDINARY_UID, ORDINARY_UID);
    expect(refused('--runtime', at('foreign'), '--state', at('state'))).toMatch(/belongs to another user/);
    expect(readdirSync(at('foreign'))).toEqual([]);
  });

  it('is refused where it is no folder', () => {
    writeFileSync(at('file'), '');
    expect(refused('--runtime', at('file'), '--state', at('state'))).toBe(
      `archond: cannot make the folder ${at('file')}: ENOTDIR (Not a directory); name another with --runtime`,
    );
  });
});
