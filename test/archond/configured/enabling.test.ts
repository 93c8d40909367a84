import { describe, expect, it } from 'vitest';
import { FOREVER, Host } from './host.ts';

const UNITS = {
  web: { ...FOREVER, needs: ['app'] },
  app: { ...FOREVER, wants: ['cache'], enabled: false },
  cache: FOREVER,
  spare: { ...FOREVER, enabled: false },
};

describe('Enable and Disable', () => {
  it('change nothing now, and what comes up with the supervisor from then on', async () => {
    await using host = await Host.start(UNITS);
    await host.until('running', 'web');
    expect(await host.ask('Disable,web')).toEqual(['Ok,1']);
    expect(await host.ask('Enable,spare')).toEqual(['Ok,1']);
    expect(await host.states()).toBe('app:running cache:running spare:stopped web:running');
    expect([await host.fact('web', 'enabled'), await host.fact('spare', 'enabled')]).toEqual([
      'false',
      'true',
    ]);
    for (let times = 0; times < 2; times += 1) {
      host.supervisor.signal('SIGTERM');
      await host.again();
      await host.until('running', 'spare', 'cache');
      expect(await host.states()).toBe('app:stopped cache:running spare:running web:stopped');
    }
    await host.supervisor.killDeciding();
    expect([await host.fact('web', 'enabled'), await host.fact('spare', 'enabled')]).toEqual([
      'false',
      'true',
    ]);
    expect(await host.ask('Enable,web')).toEqual(['Ok,1']);
    host.supervisor.signal('SIGTERM');
    await host.again();
    await host.until('running', 'web');
  });

  it('name what starts a unit all the same, and tell what has changed', async () => {
    await using host = await Host.start(UNITS);
    expect(await host.ask('Disable,cache')).toEqual(['Ok,1,web']);
    expect(await host.ask('Disable,c*,web')).toEqual(['Ok,2']);
    expect(await host.ask('Disable,nothing*')).toEqual(['Ok,0']);
    expect(await host.ask('Enable,nowhere')).toEqual(['Error,there is no unit nowhere,not-found']);
    await host.ask('StartDaemon,sleep 86400,@label=daemon');
    expect(await host.ask('Enable,daemon')).toEqual([
      'Error,daemon is no unit of the configuration: nothing starts it with the supervisor,unsupported',
    ]);
    const changes = (await host.events()).filter(({ kind }) => kind === 'config');
    expect(changes.map(({ label, details }) => [label, details.get('what'), details.get('request')])).toEqual(
      [
        ['cache', 'disabled', 'Disable'],
        ['web', 'disabled', 'Disable'],
      ],
    );
  });

  it('goes with a stop', async () => {
    await using host = await Host.start(UNITS);
    await host.until('running', 'web');
    expect(await host.ask('Stop,app,@disable=1')).toHaveLength(1);
    expect(await host.fact('app', 'enabled')).toBe('false');
    expect(await host.ask('Stop,web,@disable=1')).toEqual(['Done,web,stopped', 'Ok,1']);
    expect(await host.fact('web', 'enabled')).toBe('false');
    await host.ask('StartDaemon,sleep 86400,@label=daemon');
    expect((await host.ask('Stop,daemon,@disable=1'))[0]).toMatch(/^Error,.*,unsupported$/);
    expect(await host.fact('daemon', 'state')).toBe('running');
  });
});
