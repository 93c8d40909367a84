import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../../src/protocol/record.ts';
import { archonctl } from '../archonctl/client.ts';
import { FOREVER, Host, leavesAt } from './configured/host.ts';

/** The chain of a unit, newest first: `running db`, with `reason`, `need` and the like, and the request where it is the root. */
async function chainOf(host: Host, label: string): Promise<string[]> {
  const lines = await host.ask(`Why,${label}`);
  const last = lines.pop();
  const chain = lines.map((line, index) => {
    const record = decodeRecord(Buffer.from(line, 'latin1'));
    const [name, depth, , , of = '', kind = '', ...rest] = record.ok
      ? (record.value as readonly string[])
      : [];
    expect([name, depth]).toEqual(['Cause', String(index)]);
    const details = new Map(rest.map((one) => one.split(/=(.*)/s) as [string, string]));
    const said = ['what', 'reason', 'need', 'rival', 'code', 'signal', 'resumed']
      .flatMap((word) => details.get(word) ?? [])
      .join(' ');
    const isRoot = index === lines.length - 1;
    /* Each is the cause of the one before. */
    expect(details.has('cause')).toBe(!isRoot);
    const request = isRoot ? details.get('request') : undefined;
    return [kind, of, said, request === undefined ? '' : `by ${request}`]
      .filter((one) => one !== '')
      .join(' ');
  });
  expect(last).toBe(`Ok,${chain.length}`);
  return chain;
}

async function told(host: Host, label: string): Promise<string> {
  const { code, stdout, stderr } = await archonctl(host.supervisor.socket, ['why', label]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (stdout.split('\n')[0] ?? '')
    .replaceAll(/\d\d:\d\d:\d\d/g, 'CLOCK')
    .replaceAll(/\d+(\.\d+)?(ms|s)/g, 'SOON')
    .replaceAll(/process \d+ of user \d+/g, 'CLIENT');
}

describe('why a unit is as it is', () => {
  it('is told over units that need each other, back to the one that died', async () => {
    await using host = await Host.start({
      db: FOREVER,
      app: { ...FOREVER, needs: ['db'] },
      web: { ...FOREVER, needs: ['app'] },
    });
    await host.until('running', 'web');
    expect(await chainOf(host, 'web')).toEqual([
      'running web',
      'starting web',
      'running app',
      'starting app',
      'running db',
      'starting db',
      'supervisor started',
    ]);
    expect(await told(host, 'web')).toMatch(/^web was started because the supervisor was started at CLOCK/);
    using ear = await host.listen();
    await host.ask('Signal,KILL,db');
    await ear.hear('web stopping', 'web running');
    const chain = await chainOf(host, 'web');
    expect(chain.slice(0, 2)).toEqual(['running web', 'starting web']);
    expect(chain.at(-1)).toBe('exited db SIGKILL');
    expect(await told(host, 'app')).toMatch(
      /^app was restarted because db, which it needs, was killed by SIGKILL \(signal 9\) at CLOCK(, SOON before)?\.$/,
    );
    expect(await told(host, 'web')).toMatch(
      /^web was restarted because db was killed by SIGKILL \(signal 9\) \(web needs app, which needs db\) at CLOCK/,
    );
  });

  it('is told of what was ordered, also of what was taken down with that', async () => {
    await using host = await Host.start({
      db: FOREVER,
      web: { ...FOREVER, needs: ['db'] },
      rival: { ...FOREVER, conflicts: ['db'], enabled: false },
      idle: { ...FOREVER, enabled: false },
    });
    await host.until('running', 'web');
    await host.ask('Stop,db,@force=1');
    await host.until('waiting', 'web');
    expect(await chainOf(host, 'web')).toEqual([
      'waiting web',
      'exited web SIGTERM',
      'stopping web dependency db by Stop',
    ]);
    expect(await told(host, 'web')).toMatch(
      /^web is waiting because it was taken down with db, which it needs \(Stop by CLIENT\) at CLOCK/,
    );
    expect(await told(host, 'db')).toMatch(
      /^db was stopped because that was asked for \(Stop by CLIENT\) at CLOCK/,
    );
    await host.ask('Start,web', 'Start,rival,@force=1');
    expect(await chainOf(host, 'db')).toEqual([
      'stopped db conflict',
      'exited db SIGTERM',
      'stopping db conflict rival by Start',
    ]);
    expect(await host.ask('Why,idle')).toEqual(['Ok,0']);
    expect(await told(host, 'idle')).toMatch(/^idle is stopped: nothing is kept of it/);
    const nobody = await archonctl(host.supervisor.socket, ['why', 'nobody']);
    expect(nobody).toEqual({ code: 4, stdout: '', stderr: 'archonctl: there is no unit nobody\n' });
  });

  it('is told of health checks, of crashes that are waited after, and of what was given up', async () => {
    await using host = await Host.start((folder) => ({
      sick: {
        ...FOREVER,
        health: { command: ['test', '!', '-e', `${folder}/ill`], every: '50ms', failures: 1 },
        restart: 'always',
      },
      crash: { command: ['sh', '-c', 'exit 3'], restart: { policy: 'always', delay: '1h' } },
      given: { command: ['sh', '-c', 'exit 4'], restart: 'never' },
    }));
    await host.until('running', 'sick');
    await host.until('backoff', 'crash');
    await host.until('failed', 'given');
    using ear = await host.listen();
    host.write('ill', '');
    await ear.hear('sick stopping');
    expect((await chainOf(host, 'sick')).find((one) => one.startsWith('stopping'))).toBe(
      'stopping sick unhealthy',
    );
    expect(await told(host, 'sick')).toMatch(/because it failed its health checks at CLOCK/);
    expect(await chainOf(host, 'crash')).toEqual(['backoff crash', 'exited crash 3']);
    expect(await told(host, 'crash')).toMatch(
      /^crash is to be started again because it ended with code 3 at CLOCK/,
    );
    expect(await chainOf(host, 'given')).toEqual(['failed given exit 4', 'exited given 4']);
  });

  it('is the same after deaths of archond, also of what these came in the middle of', async () => {
    await using host = await Host.start((folder) => ({
      web: FOREVER,
      slow: leavesAt(folder, 'leave'),
      slower: leavesAt(folder, 'leave-too'),
    }));
    await host.until('running', 'web', 'slow', 'slower');
    for (const label of ['slow', 'slower']) await expect.poll(() => host.readLog(label)).toBe('armed\n');
    const before = await chainOf(host, 'web');
    await host.ask('Stop,slow,@wait=0', 'Stop,slower,@wait=0', 'Start,slower,@wait=0');
    await host.supervisor.killDeciding();
    await host.supervisor.killDeciding();
    expect(await chainOf(host, 'web')).toEqual(before);
    await host.open('leave');
    await host.until('stopped', 'slow');
    expect(await chainOf(host, 'slow')).toEqual([
      'stopped slow requested',
      'exited slow 0',
      'stopping slow requested by Stop',
    ]);
    using ear = await host.listen();
    await host.open('leave-too');
    await ear.hear('slower running');
    const requests = (await host.events()).filter(({ label }) => label === 'slower').slice(-2);
    expect(requests.map(({ kind, details }) => [kind, details.get('request')])).toEqual([
      ['starting', 'Start'],
      ['running', 'Start'],
    ]);
  });

  it('of a shutdown names who asked for it, though archond was killed in the midst of it', async () => {
    await using host = await Host.start((folder) => ({ slow: leavesAt(folder, 'leave') }));
    await host.until('running', 'slow');
    await expect.poll(() => host.readLog('slow')).toBe('armed\n');
    using ear = await host.listen();
    const asked = host.ask('Shutdown');
    await ear.hear('slow stopping');
    const count = host.supervisor.readyCount;
    process.kill(await host.supervisor.decidingPid(), 'SIGKILL');
    await asked;
    await host.supervisor.untilReady(count + 1);
    await host.open('leave');
    await host.again();
    const lines = await host.ask('Events,@kind=supervisor');
    const resumed = lines.find((line) => line.includes('resumed=1')) ?? '';
    const begun = lines.find((line) => line.includes('shutting-down')) ?? '';
    expect(resumed).toContain(`cause=${begun.split(',')[1] ?? ''},`);
    expect(resumed).toContain('request=Shutdown');
  });

  it('is told of what was run and is there no more', async () => {
    await using host = await Host.start({});
    await host.ask(`Run,"sh -c 'exit 5'",@label=once`);
    expect(await chainOf(host, 'once')).toEqual(['failed once exit 5', 'exited once 5']);
  });
});
