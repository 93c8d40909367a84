import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSupervisor } from '../support/supervisor.ts';

/** A service manager: writes down what it is told on its socket, a line for each message. */
const MANAGER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
`;

describe('archond under a service manager', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-manager-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('says when it is ready, again after a death, when it reloads, and when it stops', async () => {
    const socket = path.join(folder, 'notify');
    const manager = spawn('python3', ['-c', MANAGER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    manager.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    const lines = (): string[] => told.split('\n').slice(0, -1);
    try {
      await expect.poll(lines, { timeout: 20_000 }).toEqual(['bound']);
      {
        await using supervisor = await TestSupervisor.start({ env: { NOTIFY_SOCKET: socket } });
        await expect.poll(lines).toEqual(['bound', 'READY=1']);
        expect(await supervisor.ask('Run,"sh -c ""exit ${NOTIFY_SOCKET:+7}"""')).toEqual(['ExitStatus,0']);
        await supervisor.killDeciding();
        await expect.poll(lines).toEqual(['bound', 'READY=1', 'READY=1']);
        supervisor.signal('SIGHUP');
        await expect.poll(lines, { timeout: 20_000 }).toHaveLength(5);
        expect(lines().slice(3)).toEqual([
          expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+$/),
          'READY=1',
        ]);
      }
      await expect.poll(() => lines().at(-1)).toBe('STOPPING=1');
    } finally {
      manager.kill('SIGKILL');
    }
  });
});
