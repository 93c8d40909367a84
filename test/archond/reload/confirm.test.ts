import { describe, expect, it } from 'vitest';
import { FOREVER, Host } from '../configured/host.ts';
import { changes, configure, latest, pids, reload } from './reload-rig.ts';

const OTHER = { command: 'sleep 86401' } as const;

describe('a reload on trial', () => {
  it('goes back to what was in force unless it is confirmed in time, also over deaths of archond', async () => {
    await using host = await Host.start({ web: FOREVER, old: FOREVER });
    await host.until('running', 'web', 'old');
    configure(host, { web: OTHER, more: FOREVER });
    expect(changes(await host.ask('Reload,@confirm=15s'))).toEqual([
      'web changed restarted: command',
      'more added started',
      'old removed stopped and forgotten',
    ]);
    await host.killDeciding();
    await host.until('running', 'more');
    await expect.poll(async () => host.fact('web', 'command')).toBe('sleep 86401');
    const dump = await host.ask('Dump,config');
    expect(dump.join('\n')).toContain('86401');
    await expect.poll(async () => latest(host, '', 'config'), { timeout: 40_000 }).toContain('what=reverted');
    await expect.poll(async () => host.states()).toBe('old:running web:running');
    expect(await host.fact('web', 'command')).toBe('sleep 86400');
    expect(await host.ask('Confirm')).toMatchObject([/nothing waits to be confirmed,conflict$/]);
  });

  it('stays where it is confirmed, and says what that is about', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.until('running', 'web');
    configure(host, { web: { ...FOREVER, description: 'x' }, more: FOREVER });
    await host.ask('Reload,@confirm=1h');
    /* A plain one, by a program that turns logs over for instance, confirms nothing. */
    expect(changes(await host.ask('Reload'))).toEqual([]);
    await host.killDeciding();
    expect(changes(await host.ask('Confirm'))).toEqual(['web changed confirmed', 'more added confirmed']);
    expect(await host.ask('Confirm')).toMatchObject([/conflict$/]);
    await host.killDeciding();
    expect(await host.ask('Confirm')).toMatchObject([/conflict$/]);
    expect(await host.states()).toBe('more:running web:running');
  });

  it('goes back to what was confirmed last, however often it is reloaded', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.until('running', 'web');
    const web = await host.pidOf('web');
    await reload(host, { web: FOREVER, one: FOREVER }, { request: 'Reload,@confirm=1h' });
    await reload(host, { web: FOREVER, one: FOREVER, two: FOREVER }, { request: 'Reload,@confirm=1s' });
    await host.until('running', 'one');
    await expect.poll(async () => host.states(), { timeout: 20_000 }).toBe('web:running');
    expect(await host.pidOf('web')).toBe(web);
  });

  it('cannot be had where nothing is done', async () => {
    await using host = await Host.start({ web: FOREVER });
    expect(await host.ask('Reload,@check=1,@confirm=1m')).toMatchObject([/bad-argument$/]);
    expect(await host.ask('Confirm')).toMatchObject([/conflict$/]);
  });

  it('is over with the supervisor: the next start reads the files', async () => {
    await using host = await Host.start({ web: FOREVER });
    configure(host, { more: FOREVER });
    await host.ask('Reload,@confirm=1h');
    host.supervisor.signal('SIGTERM');
    await host.again();
    await host.until('running', 'more');
    expect(await host.ask('Confirm')).toMatchObject([/conflict$/]);
    expect([...(await pids(host)).keys()]).toEqual(['more']);
  });
});
