import { describe, expect, it } from 'vitest';
import { FOREVER, gate, Host, leavesAt } from './host.ts';

const CHAIN = {
  web: { ...FOREVER, needs: ['app'] },
  app: { ...FOREVER, needs: ['db'] },
  db: FOREVER,
};

describe('what is needed and dies', () => {
  it('takes down all that needs it, the last first, and all of it comes back', async () => {
    await using host = await Host.start(CHAIN);
    await host.until('running', 'web');
    using ear = await host.listen();
    expect(await host.ask('Signal,KILL,db')).toEqual(['Ok,1']);
    const told = await ear.hear('web running', 'app running', 'db running');
    expect(told.filter((one) => /stopping|running/.test(one))).toEqual([
      'web stopping',
      'app stopping',
      'db running',
      'app running',
      'web running',
    ]);
    expect(told.indexOf('web exited')).toBeLessThan(told.indexOf('app exited'));
    const events = await host.events();
    const stopping = events.filter(({ kind }) => kind === 'stopping');
    expect(stopping.map(({ details }) => [details.get('reason'), details.get('need')])).toEqual([
      ['dependency', 'app'],
      ['dependency', 'db'],
    ]);
  });

  it('in a diamond takes each side down and brings back the top when both are up', async () => {
    await using host = await Host.start({
      top: { ...FOREVER, needs: ['left', 'right'] },
      left: { ...FOREVER, needs: ['base'] },
      right: { ...FOREVER, needs: ['base'] },
      base: FOREVER,
      aside: FOREVER,
    });
    await host.until('running', 'top', 'aside');
    using ear = await host.listen();
    await host.ask('Signal,KILL,base');
    const told = await ear.hear('top running');
    for (const side of ['left', 'right']) {
      expect(told.indexOf('top exited')).toBeLessThan(told.indexOf(`${side} exited`));
      expect(told.indexOf(`${side} running`)).toBeLessThan(told.indexOf('top running'));
    }
    expect(told.filter((one) => one.startsWith('aside'))).toEqual([]);
    expect(told.filter((one) => one === 'top starting')).toEqual(['top starting']);
  });

  it('again and again: what needs it waits while it is in backoff, and is up once it stays up', async () => {
    await using host = await Host.start((folder) => ({
      /* Ready by exec, it flaps with what it needs. */
      flapping: {
        command: ['sh', '-c', gate(folder, 'flapping')],
        restart: { policy: 'always', delay: '1h', max: '1h', jitter: 0 },
      },
      web: { ...FOREVER, needs: ['flapping'] },
    }));
    await host.until('running', 'web');
    using ear = await host.listen();
    await host.open('flapping');
    /* The first restart is immediate. */
    await ear.hear('flapping exited', 'flapping running', 'web running');
    await host.open('flapping');
    await ear.hear('flapping backoff', 'web waiting');
    expect(await host.states()).toBe('flapping:backoff web:waiting');
    expect(await host.fact('web', 'waits-for')).toBe('flapping');
    expect(await host.fact('flapping', 'cause')).toBe('ended with code 0');
    expect(Number(await host.fact('flapping', 'next-attempt'))).toBeGreaterThan(Date.now() / 1000 + 3000);
    expect(await host.fact('flapping', 'delays')).toBe('1h,1h,1h,1h,1h');
    /* An order does not wait. */
    expect(await host.ask('Start,web')).toEqual(['Done,web,running', 'Ok,1']);
    expect(await host.states()).toBe('flapping:running web:running');
  });

  it('for good makes fail what needs it, until somebody starts it', async () => {
    await using host = await Host.start((folder) => ({
      ...CHAIN,
      db: { command: ['sh', '-c', `${gate(folder, 'db')}; exit 3`], restart: 'never' },
    }));
    await host.until('running', 'web');
    await host.open('db');
    await host.until('failed', 'web', 'app');
    expect(await host.states()).toBe('app:failed db:failed web:failed');
    expect(await host.fact('web', 'cause')).toBe(
      '"needs app, which needs db, which ended with code 3",app,db',
    );
    expect(await host.fact('web', 'desired')).toBe('up');
    expect(await host.ask('Start,db')).toEqual(['Done,db,running', 'Ok,1']);
    await host.until('running', 'web', 'app');
  });

  it('waits to start anew for nothing, while what needed it may take its time to go', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...leavesAt(folder, 'web'), ready: { log: 'armed' }, needs: ['db'] },
      db: FOREVER,
    }));
    await host.until('running', 'web');
    using ear = await host.listen();
    await host.ask('Signal,KILL,db');
    await ear.hear('db running', 'web stopping');
    expect(await host.states()).toBe('db:running web:stopping');
    await host.open('web');
    await ear.hear('web running');
  });

  it('has what a oneshot did for its dependents undone and done again', async () => {
    await using host = await Host.start((folder) => ({
      mount: {
        type: 'oneshot',
        script: `echo done >> ${folder}/deeds`,
        'stop-command': ['sh', '-c', `echo undone >> ${folder}/deeds`],
        needs: ['disk'],
      },
      disk: FOREVER,
      db: { ...FOREVER, needs: ['mount'] },
    }));
    await host.until('running', 'db');
    using ear = await host.listen();
    await host.ask('Signal,KILL,disk');
    const told = await ear.hear('db running');
    expect(told.indexOf('db exited')).toBeLessThan(told.indexOf('mount starting'));
    expect(host.read('deeds')).toBe('done\nundone\ndone\n');
  });
});

describe('a health check that fails', () => {
  it('takes down first what needs the unit, and then the unit, and brings back both', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['db'] },
      db: {
        ...FOREVER,
        health: {
          command: ['sh', '-c', `! test -e ${folder}/ill || ! rm ${folder}/ill`],
          every: '20ms',
          failures: 1,
        },
      },
    }));
    await host.until('running', 'web');
    using ear = await host.listen();
    host.write('ill', '');
    const told = await ear.hear('web running');
    expect(told.filter((one) => !one.endsWith('waiting'))).toEqual([
      'db stopping',
      'web stopping',
      'web exited',
      'db exited',
      'db starting',
      'db running',
      'web starting',
      'web running',
    ]);
  });
});
