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

  /** Lets a supervisor talk to a manager; `lines` are what that was told. */
  async function managed(
    name: string,
    play: (socket: string, lines: () => string[]) => Promise<void>,
  ): Promise<void> {
    const socket = path.join(folder, name);
    const manager = spawn('python3', ['-c', MANAGER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    manager.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    try {
      await expect.poll(() => told, { timeout: 20_000 }).toBe('bound\n');
      await play(socket, () => told.split('\n').slice(1, -1));
    } finally {
      manager.kill('SIGKILL');
    }
  }

  it('says when it is ready, again after a death, when it reloads, and when it stops', async () => {
    await managed('signals', async (socket, lines) => {
      {
        await using supervisor = await TestSupervisor.start({ env: { NOTIFY_SOCKET: socket } });
        await expect.poll(lines).toEqual(['READY=1']);
        expect(await supervisor.ask('Run,"sh -c ""exit ${NOTIFY_SOCKET:+7}"""')).toEqual(['ExitStatus,0']);
        await supervisor.killDeciding();
        await expect.poll(lines).toEqual(['READY=1', 'READY=1']);
        supervisor.signal('SIGHUP');
        await expect.poll(lines, { timeout: 20_000 }).toHaveLength(4);
        expect(lines().slice(2)).toEqual([
          expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+$/),
          'READY=1',
        ]);
      }
      await expect.poll(() => lines().slice(4)).toEqual(['STOPPING=1']);
    });
  });

  it('says that it stops also where a request asks for that, again after a death, and once where another follows', async () => {
    await managed('requests', async (socket, lines) => {
      await using supervisor = await TestSupervisor.start({ env: { NOTIFY_SOCKET: socket } });
      await expect.poll(lines).toEqual(['READY=1']);
      const stays = `"sh -c 'trap """" TERM; echo armed; exec sleep 86400'"`;
      expect(await supervisor.ask(`StartDaemon,${stays},@label=stays,@stop-timeout=25s`)).toMatchObject([
        /^Ok,stays,/,
      ]);
      await expect.poll(async () => supervisor.ask('Log,stays')).toHaveLength(2);
      const first = supervisor.ask('Shutdown').catch(() => undefined);
      await expect.poll(lines).toEqual(['READY=1', 'STOPPING=1']);
      await supervisor.killDeciding();
      await expect
        .poll(lines, { timeout: 20_000 })
        .toEqual([...['READY=1', 'STOPPING=1'], ...['READY=1', 'STOPPING=1']]);
      expect(await supervisor.ask('Shutdown,@timeout=1ms')).toContain('Ok');
      await first;
      expect(lines()).toHaveLength(4);
    });
  });
});
