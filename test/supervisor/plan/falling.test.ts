import { describe, expect, test } from 'vitest';
import { takenDown } from '../../../src/supervisor/plan/closures.ts';
import { restartPolicy } from '../../../src/supervisor/unit.ts';
import { Street } from './street.ts';

const ONESHOT = { type: 'oneshot' } as const;
const CHAIN = { db: {}, app: { needs: ['db'] }, web: { needs: ['app'] } };

function running(street: Street): Street {
  street.start(...street.labels);
  street.flow();
  street.lines.length = 0;
  return street;
}

describe('what needs something that goes down', () => {
  test('is taken down, the last first, and comes back by itself', () => {
    const street = running(new Street(CHAIN));
    street.crash('db');
    expect(street.states).toBe('db:starting app:stopping web:stopping');
    expect(street.do('web', 'obey').do('web', 'empty').states).toBe('db:starting app:stopping web:waiting');
    expect(street.flow().states).toBe('db:running app:running web:running');
    const stops = street.news.filter((line) => /stopping|starting/.test(line));
    expect(stops).toEqual(['web stopping', 'app stopping', 'db starting', 'app starting', 'web starting']);
  });

  test('is taken down even where that is running again before', () => {
    const street = running(new Street(CHAIN));
    street.crash('db').do('db', 'fork').do('db', 'exec');
    expect(street.states).toBe('db:running app:stopping web:stopping');
    const { generation } = street.unitOf('app');
    expect(street.flow().states).toBe('db:running app:running web:running');
    expect(street.unitOf('app').generation).toBeGreaterThan(generation);
  });

  test('waits while that flaps, and comes back once', () => {
    const street = running(new Street({ db: {}, web: { needs: ['db'] } }));
    street.crashIntoBackoff('db');
    expect(street.flow().states).toBe('db:backoff web:waiting');
    for (let time = 0; time < 3; time++) street.do('db', 'timer').do('db', 'refuse');
    expect(street.states).toBe('db:backoff web:waiting');
    expect(street.news.filter((line) => line === 'web starting')).toEqual([]);
    street.do('db', 'timer');
    expect(street.flow().states).toBe('db:running web:running');
  });

  test('fails with that when it is given up, and is lifted when it is started', () => {
    const limit = { count: 1, withinMs: 60_000 };
    const spec = { restart: { ...restartPolicy('on-failure'), limit } };
    const street = running(new Street({ ...CHAIN, db: { spec } }));
    street.crash('db').do('db', 'refuse');
    expect(street.flow().states).toBe('db:failed app:failed web:failed');
    street.start('db');
    expect(street.flow().states).toBe('db:running app:running web:running');
  });

  test('waits when that has ended well, which is down for it', () => {
    const street = running(new Street({ db: {}, web: { needs: ['db'] } }));
    street.do('db', 'end', { kind: 'exited', code: 0 });
    expect(street.flow().states).toBe('db:finished web:waiting');
    street.start('db');
    expect(street.flow().states).toBe('db:running web:running');
  });

  test('runs again what it has done, if it is a oneshot', () => {
    const street = running(
      new Street({ db: {}, migrate: { needs: ['db'], spec: ONESHOT }, web: { needs: ['migrate'] } }),
    );
    street.crash('db');
    expect(street.flow().states).toBe('db:running migrate:finished web:running');
    const started = street.news.filter((line) => line.endsWith('starting'));
    expect(started).toEqual(['db starting', 'migrate starting', 'web starting']);
  });

  test('is gone before what is unhealthy is asked to end', () => {
    const spec = { readyBy: 'probe', hasHealth: true } as const;
    const street = running(new Street({ db: { spec }, web: { needs: ['db'] } }));
    street.sicken('db');
    expect(street.states).toBe('db:stopping web:stopping');
    expect(street.chances().map(({ label, what }) => `${label} ${what}`)).not.toContain('db obey');
    expect(street.flow().states).toBe('db:running web:running');
  });

  test('keeps to its own backoff, and has failed while what it needs has', () => {
    const spec = { restart: restartPolicy('never') };
    const street = running(new Street({ db: { spec }, web: { needs: ['db'] } }));
    street.crashIntoBackoff('web').crash('db');
    expect(street.states).toBe('db:failed web:failed');
    street.start('db');
    expect(street.flow().states).toBe('db:running web:running');
  });

  test('is not started by the end of its own backoff', () => {
    const street = running(new Street({ db: {}, web: { needs: ['db'] } }));
    street.crashIntoBackoff('web').stop('db');
    expect(street.flow().states).toBe('db:stopped web:backoff');
    expect(street.do('web', 'timer').states).toBe('db:stopped web:waiting');
    street.start('db');
    expect(street.flow().states).toBe('db:running web:running');
  });
});

describe('an order to stop', () => {
  test('takes down first what needs it, which waits then', () => {
    const street = running(new Street(CHAIN));
    expect(takenDown(street.graph, ['db'], (label) => street.unitOf(label))).toEqual(['app', 'web']);
    street.stop('db');
    expect(street.states).toBe('db:stopping app:stopping web:stopping');
    expect(street.flow().states).toBe('db:stopped app:waiting web:waiting');
    expect(takenDown(street.graph, ['db'], (label) => street.unitOf(label))).toEqual([]);
    const gone = street.news.filter((line) => line.endsWith('exited'));
    expect(gone).toEqual(['web exited', 'app exited', 'db exited']);
  });

  test('takes down nothing beside what is to stop with it', () => {
    const street = running(new Street(CHAIN));
    expect(takenDown(street.graph, ['db', 'web', 'app'], (label) => street.unitOf(label))).toEqual([]);
    street.stop('db', 'web', 'app');
    expect(street.flow().states).toBe('db:stopped app:stopped web:stopped');
  });

  test('while a unit starts is obeyed, and nothing that waited for it starts', () => {
    const street = new Street(CHAIN);
    street.start('web');
    street.do('db', 'fork').stop('db');
    expect(street.flow().states).toBe('db:stopped app:waiting web:waiting');
  });

  test('while a unit is to be tried again leaves it stopped', () => {
    const street = running(new Street({ db: {}, web: { needs: ['db'] } }));
    street.crashIntoBackoff('db').stop('db');
    expect(street.flow().states).toBe('db:stopped web:waiting');
  });

  test('of what only waits takes it out of the waiting', () => {
    const street = running(new Street(CHAIN));
    street.stop('db');
    street.flow().stop('web');
    street.start('db');
    expect(street.flow().states).toBe('db:running app:running web:stopped');
  });

  test('is followed by a start that came meanwhile', () => {
    const street = running(new Street(CHAIN));
    street.stop('db');
    street.start('db');
    expect(street.states).toBe('db:stopping app:stopping web:stopping');
    expect(street.flow().states).toBe('db:running app:running web:running');
  });

  test('goes round what has to stop before it because of others that stop', () => {
    const street = running(new Street({ n: {}, x: { needs: ['n'] }, y: { stopAfter: ['x'] } }));
    street.stop('y', 'n');
    street.flow();
    const gone = street.news.filter((line) => line.endsWith('exited'));
    expect(gone).toHaveLength(3);
    expect(gone[0]).toBe('x exited');
  });
});

describe('an order to restart', () => {
  test('takes down and back what needs it', () => {
    const street = running(new Street(CHAIN));
    street.restart('db');
    expect(street.states).toBe('db:stopping app:stopping web:stopping');
    expect(street.flow().states).toBe('db:running app:running web:running');
    expect(street.news.filter((line) => /exited|starting/.test(line))).toEqual([
      'web exited',
      'app exited',
      'db exited',
      'db starting',
      'app starting',
      'web starting',
    ]);
  });

  test('that crosses a stop brings it up again, and what waited for it', () => {
    const street = running(new Street({ db: {}, web: { needs: ['db'] } }));
    street.stop('db');
    street.restart('db');
    expect(street.flow().states).toBe('db:running web:running');
  });

  test('is taken back by a stop', () => {
    const street = running(new Street({ db: {}, web: { needs: ['db'] } }));
    street.restart('db');
    street.stop('db');
    expect(street.flow().states).toBe('db:stopped web:waiting');
  });

  test('of what is down starts it, with what it needs', () => {
    const street = new Street(CHAIN);
    street.restart('app');
    expect(street.flow().states).toBe('db:running app:running web:stopped');
  });
});

describe('the end of everything', () => {
  test('goes in the order of the graph turned round', () => {
    const street = running(new Street({ ...CHAIN, log: {}, cron: { after: ['log'] } }));
    street.shutDown();
    expect(street.flow().states).toBe('db:stopped app:stopped web:stopped log:stopped cron:stopped');
    const gone = street.news
      .filter((line) => line.endsWith('exited'))
      .map((line) => line.split(' ')[0] ?? '');
    expect(gone.indexOf('cron')).toBeLessThan(gone.indexOf('log'));
    expect(gone.filter((label) => label in CHAIN)).toEqual(['web', 'app', 'db']);
  });

  test('goes in another order where that is said', () => {
    const street = running(
      new Street({ log: {}, cron: { after: ['log'], stopAfter: ['log'] }, last: { stopAfter: ['cron'] } }),
    );
    street.shutDown();
    street.flow();
    expect(street.news.filter((line) => line.endsWith('exited'))).toEqual([
      'log exited',
      'cron exited',
      'last exited',
    ]);
  });

  test('undoes what oneshots have done, in its place', () => {
    const spec = { ...ONESHOT, isUndone: true };
    const street = running(new Street({ mount: { spec }, db: { needs: ['mount'] } }));
    street.shutDown();
    expect(street.states).toBe('mount:stopping db:stopping');
    street.do('db', 'obey').do('db', 'empty');
    expect(street.states).toBe('mount:stopping db:stopped');
    expect(street.flow().states).toBe('mount:stopped db:stopped');
  });
});
