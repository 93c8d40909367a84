import { describe, expect, it } from 'vitest';
import { FOREVER, gate, Host } from './host.ts';

describe('a host that comes up', () => {
  it('starts a chain link by link, and each when what it needs is ready', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['app'] },
      app: { ...FOREVER, needs: ['setup'] },
      setup: { type: 'oneshot', script: gate(folder, 'setup'), needs: ['db'] },
      db: {
        command: ['sh', '-c', `${gate(folder, 'db')}; echo >&3; exec sleep 86400`],
        ready: { fd: 3, timeout: '1m' },
      },
    }));
    await host.until('starting', 'db');
    expect(await host.states()).toBe('app:waiting db:starting setup:waiting web:waiting');
    await host.open('db');
    await host.until('starting', 'setup');
    expect(await host.states()).toBe('app:waiting db:running setup:starting web:waiting');
    await host.open('setup');
    await host.until('running', 'web');
    expect(await host.story('starting', 'running', 'finished')).toEqual([
      'db starting',
      'db running',
      'setup starting',
      'setup finished',
      'app starting',
      'app running',
      'web starting',
      'web running',
    ]);
  });

  it('starts side by side what does not wait for each other', async () => {
    await using host = await Host.start((folder) => ({
      base: FOREVER,
      left: { type: 'oneshot', script: gate(folder, 'left'), needs: ['base'] },
      right: { type: 'oneshot', script: gate(folder, 'right'), needs: ['base'] },
      top: { ...FOREVER, needs: ['left', 'right'] },
    }));
    await host.until('starting', 'left', 'right');
    await host.open('right');
    await host.until('finished', 'right');
    expect(await host.fact('top', 'state')).toBe('waiting');
    await host.open('left');
    await host.until('running', 'top');
  });

  it('pulls up what is disabled where something enabled needs or wants it, and nothing else', async () => {
    await using host = await Host.start({
      app: { ...FOREVER, needs: ['db'], wants: ['cache'] },
      db: { ...FOREVER, enabled: false },
      cache: { ...FOREVER, enabled: false },
      spare: { ...FOREVER, enabled: false, needs: ['db'] },
    });
    await host.until('running', 'app');
    expect(await host.states()).toBe('app:running cache:running db:running spare:stopped');
  });

  it('waits for what is wanted until something has come of it, whatever that is', async () => {
    await using host = await Host.start((folder) => ({
      app: { ...FOREVER, wants: ['bad', 'slow'], after: ['off'] },
      bad: { command: '/nowhere/bad' },
      slow: { type: 'oneshot', restart: 'never', script: `${gate(folder, 'slow')}; exit 1` },
      off: { ...FOREVER, enabled: false },
    }));
    await host.until('failed', 'bad');
    expect(await host.fact('app', 'state')).toBe('waiting');
    await host.open('slow');
    await host.until('running', 'app');
    expect(await host.states()).toBe('app:running bad:failed off:stopped slow:failed');
  });

  it('keeps to an order that is no need', async () => {
    await using host = await Host.start((folder) => ({
      first: { type: 'oneshot', script: gate(folder, 'first'), before: ['third'] },
      second: { ...FOREVER, after: ['first'] },
      third: FOREVER,
    }));
    await host.until('starting', 'first');
    expect(await host.states()).toBe('first:starting second:waiting third:waiting');
    await host.open('first');
    await host.until('running', 'second', 'third');
  });

  it('knows instances by their own labels and by the one of all', async () => {
    await using host = await Host.start({
      worker: { command: 'sleep 8640{instance}', instances: 3, needs: ['db'] },
      db: FOREVER,
      front: { ...FOREVER, needs: ['worker'] },
    });
    await host.until('running', 'front');
    expect(await host.states()).toBe(
      'db:running front:running worker@1:running worker@2:running worker@3:running',
    );
    const listed = await host.ask('List,worker');
    expect(listed.map((line) => line.split(',').slice(0, 3).join())).toEqual([
      'Unit,worker@1,running',
      'Unit,worker@2,running',
      'Unit,worker@3,running',
      'Ok,3',
    ]);
    expect(await host.ask('Status,worker')).toEqual([
      'Error,worker is not one unit but 3: worker@1 and so on,not-found',
    ]);
    expect(await host.ask('Stop,worker')).toEqual([
      'Error,"worker@1, worker@2 and worker@3 cannot be stopped beside front: stop these too, or take them down with @force=1 (--force)",conflict,front',
    ]);
    const [first, ...others] = await host.ask('Stop,worker,front');
    expect([first, ...others.sort()]).toEqual([
      'Done,front,stopped',
      'Done,worker@1,stopped',
      'Done,worker@2,stopped',
      'Done,worker@3,stopped',
      'Ok,4',
    ]);
    expect(await host.states()).toBe(
      'db:running front:stopped worker@1:stopped worker@2:stopped worker@3:stopped',
    );
    expect(await host.ask('Forget,worker', 'Forget,worker*')).toEqual([
      'Error,"worker@1 is a unit of the configuration, which is not forgotten",conflict',
      'Ok,0',
    ]);
  });

  it('says of what has failed to those that need it what it was, through all of the chain', async () => {
    await using host = await Host.start({
      web: { ...FOREVER, needs: ['app'] },
      app: { ...FOREVER, needs: ['db'] },
      db: { command: 'false', restart: 'never', ready: { command: 'false' } },
      log: FOREVER,
    });
    await host.until('failed', 'web');
    expect(await host.states()).toBe('app:failed db:failed log:running web:failed');
    expect(await host.fact('web', 'cause')).toBe(
      '"needs app, which needs db, which ended with code 1",app,db',
    );
    expect(await host.fact('db', 'cause')).toBe('ended with code 1');
  });

  it('lets two that exclude each other not come up beside each other', async () => {
    await using host = await Host.start({
      one: { ...FOREVER, conflicts: ['other'] },
      other: FOREVER,
    });
    await host.until('running', 'one');
    expect(await host.states()).toBe('one:running other:waiting');
    expect(await host.ask('Start,other')).toEqual(['Done,other,running', 'Ok,1']);
    expect(await host.states()).toBe('one:stopped other:running');
    expect(await host.ask('Start,one')).toEqual(['Done,one,running', 'Ok,1']);
    expect(await host.states()).toBe('one:running other:stopped');
  });
});
