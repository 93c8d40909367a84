import { describe, expect, it } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { FOREVER, gate, Host, leavesAt } from './host.ts';

/** What the supervisor has logged, line by line. */
function logged(
  host: Host,
): { readonly msg: string; readonly units?: unknown; readonly [key: string]: unknown }[] {
  return host.supervisor.log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ReturnType<typeof logged>[number]);
}

/** A service that does not end when it is asked to. */
const STUBBORN = {
  command: ['sh', '-c', 'trap "" TERM; echo armed; while :; do sleep 86400; done'],
  ready: { log: 'armed' },
};

describe('a shutdown', () => {
  it('goes in the order of the graph turned round, and undoes what oneshots have done', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...leavesAt(folder, 'web'), ready: { log: 'armed' }, needs: ['app'] },
      app: { ...FOREVER, needs: ['mount'] },
      mount: {
        type: 'oneshot',
        script: 'echo mounted',
        'stop-command': ['sh', '-c', 'echo unmounted'],
        needs: ['disk'],
      },
      disk: FOREVER,
      log: { ...FOREVER, 'stop-after': ['web'] },
      aside: FOREVER,
    }));
    await host.until('running', 'web', 'aside', 'log');
    using client = await StreamClient.connect(host.supervisor.socket, 'Shutdown');
    await client.untilLine(/^Done,aside/);
    expect(await host.states()).toBe(
      'app:stopping aside:stopped disk:stopping log:stopping mount:stopping web:stopping',
    );
    expect(await host.ask('Start,aside')).toEqual([
      'Error,nothing is started during a shutdown,shutting-down',
    ]);
    await host.open('web');
    await client.untilClosed();
    expect(client.lines.filter((line) => !line.startsWith('Done,log'))).toEqual([
      'Done,aside,stopped',
      'Done,web,stopped',
      'Done,app,stopped',
      'Done,mount,stopped',
      'Done,disk,stopped',
      'Ok',
    ]);
    expect(client.lines.indexOf('Done,log,stopped')).toBeGreaterThan(
      client.lines.indexOf('Done,web,stopped'),
    );
    expect(await host.supervisor.ended()).toBe(0);
    expect(host.readLog('mount')).toBe('mounted\nunmounted\n');
    await host.again();
    await host.until('running', 'web', 'aside', 'log');
  });

  it('tells people what it waits for, and is shortened by a second signal', async () => {
    await using host = await Host.start({
      web: { ...STUBBORN, needs: ['db'], stop: { timeout: '1h' } },
      db: FOREVER,
    });
    await host.until('running', 'web');
    host.supervisor.signal('SIGTERM');
    await host.supervisor.untilLog((log) => log.includes('waiting for 2 of 2 units to stop'), 'progress');
    const progress = logged(host).find(({ msg }) => msg.startsWith('waiting for'));
    expect(progress?.units).toMatch(/^(web \(SIGKILL in 59m \d+s\)|db \(when others are down\), )/);
    expect(progress?.units).toContain('db (when others are down)');
    host.supervisor.signal('SIGTERM');
    expect(await host.supervisor.ended()).toBe(0);
    expect(logged(host).some(({ msg }) => msg === 'what is still up is killed')).toBe(true);
  });

  it('is over by the time that a request gives it', async () => {
    await using host = await Host.start({ web: { ...STUBBORN, stop: { timeout: '1h' } }, db: FOREVER });
    await host.until('running', 'web', 'db');
    const answer = await host.ask('Shutdown,@timeout=50ms');
    expect(answer.sort()).toEqual(['Done,db,stopped', 'Done,web,stopped', 'Ok']);
    expect(await host.supervisor.ended()).toBe(0);
  });

  it('takes what waits, is in backoff, or has failed, as down', async () => {
    await using host = await Host.start({
      flapping: { command: 'false', restart: { policy: 'always', delay: '1h' } },
      waiting: { ...FOREVER, needs: ['flapping'] },
      broken: { command: '/nowhere' },
      behind: { ...FOREVER, needs: ['broken'] },
      done: { type: 'oneshot', command: 'true' },
    });
    await host.until('backoff', 'flapping');
    await host.until('failed', 'behind');
    await host.until('finished', 'done');
    const answer = await host.ask('Shutdown');
    expect(answer.sort()).toEqual([
      'Done,behind,stopped',
      'Done,done,stopped',
      'Done,flapping,stopped',
      'Done,waiting,stopped',
      'Ok',
    ]);
  });

  it('goes on where archond is killed in the middle of it, and starts nothing', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...leavesAt(folder, 'web'), ready: { log: 'armed' }, needs: ['db'], restart: 'always' },
      db: {
        type: 'oneshot',
        script: 'echo up',
        'stop-command': ['sh', '-c', `${gate(folder, 'db')}; echo down`],
      },
    }));
    await host.until('running', 'web');
    await host.ask('StartDaemon,sleep 86400,@label=daemon,@restart=always');
    host.supervisor.signal('SIGTERM');
    await host.until('stopped', 'daemon');
    await host.supervisor.killDeciding();
    expect(await host.ask('Start,db')).toEqual(['Error,nothing is started during a shutdown,shutting-down']);
    expect(await host.states()).toBe('daemon:stopped db:stopping web:stopping');
    await host.open('web');
    await host.until('stopped', 'web');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('daemon:stopped db:stopping web:stopped');
    await host.open('db');
    expect(await host.supervisor.ended()).toBe(0);
    expect(host.readLog('db')).toBe('up\ndown\n');
    await host.again();
    await host.until('running', 'web');
    expect(await host.states()).toBe('db:finished web:running');
  });
});
