import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FOREVER, Host } from '../configured/host.ts';
import { factsOf, freePort, HOST, SERVER } from '../ports/ports-rig.ts';
import { pids, reload } from './reload-rig.ts';

const web = (
  ports: Readonly<Record<string, unknown>>,
  more: object = {},
): Readonly<Record<string, unknown>> => ({
  command: [process.execPath, SERVER],
  ports,
  ...more,
});

describe('a reload', () => {
  it('binds the ports that it brings, and lets go of those that it takes', async () => {
    const [first, second, third] = [await freePort(), await freePort(), await freePort()];
    await using host = await Host.start({ web: web({ http: first }), still: FOREVER });
    await host.until('running', 'web', 'still');
    const { pid } = await factsOf({ host: HOST, port: first });
    const still = await host.pidOf('still');
    expect(
      await reload(host, { web: web({ http: second }), still: FOREVER, api: web({ http: third }) }),
    ).toEqual(['web changed restarted: ports', 'api added started']);
    await host.until('running', 'api');
    expect((await factsOf({ host: HOST, port: third })).name).toBe('http');
    await expect.poll(async () => host.fact('web', 'ports')).toBe(`http=${HOST}:${second}`);
    const now = await factsOf({ host: HOST, port: second });
    expect(now.pid).not.toBe(pid);
    await expect(factsOf({ host: HOST, port: first })).rejects.toThrow('ECONNREFUSED');
    expect(await host.pidOf('still')).toBe(still);
    await reload(host, { still: FOREVER });
    await expect.poll(async () => host.states()).toBe('still:running');
    await expect(factsOf({ host: HOST, port: third })).rejects.toThrow('ECONNREFUSED');
    expect((await host.ask('Ports')).filter((line) => line.startsWith('Port,http,'))).toEqual([]);
  });

  it('hands a socket on to whoever wants just that, so that nobody is refused', async () => {
    const port = await freePort();
    await using host = await Host.start({ web: web({ http: port }) });
    await host.until('running', 'web');
    const { pid } = await factsOf({ host: HOST, port });
    const asked = { isOver: false, count: 0, failures: [] as string[] };
    const asking = (async () => {
      while (!asked.isOver) {
        await factsOf({ host: HOST, port }).then(
          () => (asked.count += 1),
          (error: unknown) => asked.failures.push(String(error)),
        );
      }
    })();
    expect(await reload(host, { site: web({ main: port }) })).toEqual([
      'site added started',
      'web removed stopped and forgotten',
    ]);
    await expect.poll(async () => host.states()).toBe('site:running');
    const before = asked.count;
    await expect.poll(() => asked.count).toBeGreaterThan(before + 3);
    asked.isOver = true;
    await asking;
    /* What the old process had taken and not answered when it was killed is its own affair. */
    expect(asked.failures.filter((failure) => failure.includes('ECONNREFUSED'))).toEqual([]);
    const now = await factsOf({ host: HOST, port });
    expect(now).toMatchObject({ name: 'main' });
    expect(now.pid).not.toBe(pid);
    await host.killDeciding();
    expect((await factsOf({ host: HOST, port })).pid).toBe(now.pid);
  });

  it('lets two units change their ports with each other', async () => {
    const [one, two] = [await freePort(), await freePort()];
    await using host = await Host.start({ a: web({ http: one }), b: web({ http: two }) });
    await host.until('running', 'a', 'b');
    const were = await pids(host);
    await reload(host, { a: web({ http: two }), b: web({ http: one }) });
    await expect
      .poll(async () => [...(await pids(host))].filter(([label, pid]) => were.get(label) !== pid).length)
      .toBe(2);
    await host.until('running', 'a', 'b');
    const are = await pids(host);
    await expect.poll(async () => String((await factsOf({ host: HOST, port: one })).pid)).toBe(are.get('b'));
    await expect.poll(async () => String((await factsOf({ host: HOST, port: two })).pid)).toBe(are.get('a'));
    await host.killDeciding();
    expect(String((await factsOf({ host: HOST, port: one })).pid)).toBe(are.get('b'));
  });

  it('begins and ceases to wait for connections', async () => {
    const port = await freePort();
    await using host = await Host.start({ web: web({ http: port }, { enabled: false }) });
    const waiting = web({ http: port }, { start: 'on-connect' });
    expect(await reload(host, { web: waiting })).toEqual(['web changed taken over: enabled, start']);
    expect(await host.states()).toBe('web:stopped');
    expect((await factsOf({ host: HOST, port })).name).toBe('http');
    const pid = await host.pidOf('web');
    expect(await reload(host, { web: web({ http: port }) })).toEqual(['web changed taken over: start']);
    expect(await host.pidOf('web')).toBe(pid);
    await host.ask('Stop,web');
    const other = await freePort();
    expect(
      await reload(host, {
        web: web({ http: other }, { start: 'on-connect' }),
        late: web({ http: port }, { start: 'on-connect' }),
      }),
    ).toEqual([
      'web changed from its next start on: ports; taken over: start',
      'late added waits for a connection',
    ]);
    expect((await factsOf({ host: HOST, port })).name).toBe('http');
    expect(await host.states()).toBe('late:running web:stopped');
  });

  it('moves what is served from a pool that is another one', async () => {
    const [first, second] = [await freePort(), await freePort()];
    const pool = (from: number): Readonly<Record<string, unknown>> => ({
      ports: { pool: `${from}-${from + 3}` },
    });
    await using host = await Host.start({});
    await reload(host, { web: web({ http: 'auto' }) }, { heads: pool(first) });
    await host.until('running', 'web');
    expect(await host.fact('web', 'ports')).toBe(`http=${HOST}:${first}`);
    expect(await reload(host, { web: web({ http: 'auto' }) }, { heads: pool(second) })).toEqual([
      'web changed restarted: ports',
      ' changed taken over: ports',
    ]);
    await expect.poll(async () => host.fact('web', 'ports')).toBe(`http=${HOST}:${second}`);
    await host.until('running', 'web');
    expect((await factsOf({ host: HOST, port: second })).name).toBe('http');
  });

  it('lets others connect, or no longer, as access says', async () => {
    const heads = { access: [{ user: 'daemon', role: 'read' }] };
    await using host = await Host.start({});
    const mode = (): number => statSync(host.supervisor.socket).mode & 0o777;
    expect(mode()).toBe(0o600);
    expect(await reload(host, {}, { heads })).toEqual([' changed taken over: access']);
    expect(mode()).toBe(0o666);
    await reload(host, {});
    expect(mode()).toBe(0o600);
    expect(existsSync(path.join(host.supervisor.folder, 'archon.sock'))).toBe(true);
  });
});

describe('the sizes of a log', () => {
  it('change while its process writes', async () => {
    const unit = (max: string, keep: number): Readonly<Record<string, unknown>> => ({
      command: [
        '/bin/sh',
        '-c',
        'while read line; do :; done < "$GO"; yes 0123456789 | head -n 20000; exec sleep 86400',
      ],
      env: { GO: 'go' },
      log: { max, keep },
    });
    await using host = await Host.start((folder) => {
      execFileSync('mkfifo', [path.join(folder, 'go')]);
      return { web: { ...unit('10M', 5), env: { GO: path.join(folder, 'go') } } };
    });
    await host.until('running', 'web');
    const pid = await host.pidOf('web');
    const after = { web: { ...unit('64K', 1), env: { GO: host.file('go') } } };
    expect(await reload(host, after)).toEqual(['web changed taken over: log']);
    await host.open('go');
    const logs = path.join(host.supervisor.folder, 'state/log');
    await expect
      .poll(() => readdirSync(logs).filter((name) => name === 'web.log~old').length)
      .toBeGreaterThan(0);
    expect(await host.pidOf('web')).toBe(pid);
  });
});
