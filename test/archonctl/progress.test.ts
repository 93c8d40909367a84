import { describe, expect, it } from 'vitest';
import { FOREVER, gate, Host, leavesAt } from '../archond/configured/host.ts';
import { archonctl } from './client.ts';
import { PseudoTerminal } from './run/pseudo-terminal.ts';

describe('who waits on a terminal for an order', () => {
  it('is shown what is waited for, for how long, and out of how many', async () => {
    await using host = await Host.start((folder) => ({
      db: {
        command: ['/bin/sh', '-c', `${gate(folder, 'up')}; echo >&3; exec sleep 86400`],
        ready: { fd: 3, timeout: '5m' },
        enabled: false,
      },
      web: { ...leavesAt(folder, 'leave'), needs: ['db'], enabled: false },
    }));
    await using starting = new PseudoTerminal(host.supervisor.socket, 'archonctl start web');
    await starting.until('start web: 0 of 2 done; waiting for db (starting');
    /* Who comes in the middle of it sees the same. */
    await using joining = new PseudoTerminal(host.supervisor.socket, 'archonctl start web');
    await joining.until('start web: 0 of 2 done; waiting for db (starting for ');
    const piped = archonctl(host.supervisor.socket, ['start', 'web']);
    await host.open('up');
    expect(await starting.ended()).toBe(0);
    expect(await joining.ended()).toBe(0);
    /* On a pipe nothing is shown. */
    expect(await piped).toEqual({ code: 0, stdout: 'web is running\n', stderr: '' });
    await expect.poll(() => host.readLog('web')).toBe('armed\n');
    await using stopping = new PseudoTerminal(host.supervisor.socket, 'archonctl stop --force db');
    await stopping.until('stop db: 0 of 2 done; waiting for web (stopping for ');
    await using also = new PseudoTerminal(host.supervisor.socket, 'archonctl stop db');
    await also.until('stop db: 0 of 2 done; waiting for web (stopping for ');
    await host.open('leave');
    expect(await stopping.ended()).toBe(0);
    expect(await also.ended()).toBe(0);
  });

  it('is shown so in a shutdown', async () => {
    await using host = await Host.start((folder) => ({ slow: leavesAt(folder, 'leave'), quick: FOREVER }));
    await host.until('running', 'slow', 'quick');
    await expect.poll(() => host.readLog('slow')).toBe('armed\n');
    await using terminal = new PseudoTerminal(host.supervisor.socket, 'archonctl shutdown');
    await terminal.until('shutdown: 1 of 2 done; waiting for slow (stopping for ');
    await using other = new PseudoTerminal(host.supervisor.socket, 'archonctl shutdown');
    await other.until('shutdown: 0 of 1 done; waiting for slow (stopping for ');
    await host.open('leave');
    expect(await terminal.ended()).toBe(0);
    expect(await other.ended()).toBe(0);
  });
});
