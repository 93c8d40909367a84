import { describe, expect, test } from 'vitest';
import { NO_CAUSE } from '../../../src/supervisor/cause.ts';
import type { Told } from '../../../src/supervisor/plan/plan.ts';
import { restartPolicy } from '../../../src/supervisor/unit.ts';
import { Street } from './street.ts';

const NEVER = { restart: restartPolicy('never') };
const ONESHOT = { type: 'oneshot' } as const;
const PROBED = { readyBy: 'probe', readyTimeoutMs: 500 } as const;

describe('an order to start', () => {
  test('starts what is needed first, side by side where nothing is said', () => {
    const street = new Street({ db: {}, cache: {}, web: { needs: ['db', 'cache'] } });
    street.start('web');
    expect(street.states).toBe('db:starting cache:starting web:waiting');
    expect(street.flow().states).toBe('db:running cache:running web:running');
    expect(street.news.at(-1)).toBe('web running');
  });

  test('waits until what is needed is ready, not only up', () => {
    const street = new Street({ db: { spec: PROBED }, web: { needs: ['db'] } });
    street.start('web');
    street.do('db', 'fork').do('db', 'exec');
    expect(street.states).toBe('db:starting web:waiting');
    expect(street.do('db', 'ready').states).toBe('db:running web:starting');
  });

  test('waits until a oneshot that is needed has finished', () => {
    const street = new Street({ migrate: { spec: ONESHOT }, web: { needs: ['migrate'] } });
    street.start('web');
    street.do('migrate', 'fork').do('migrate', 'exec');
    expect(street.states).toBe('migrate:starting web:waiting');
    expect(street.flow().states).toBe('migrate:finished web:running');
  });

  test('does nothing to a oneshot that has finished', () => {
    const street = new Street({ migrate: { spec: ONESHOT } });
    street.start('migrate');
    street.flow().start('migrate');
    expect(street.states).toBe('migrate:finished');
  });

  test('goes through a chain and a diamond, each once', () => {
    const street = new Street({
      disk: {},
      db: { needs: ['disk'] },
      cache: { needs: ['disk'] },
      app: { needs: ['db', 'cache'] },
      web: { needs: ['app'] },
    });
    street.start('web');
    street.flow();
    const started = street.news.filter((line) => line.endsWith('starting'));
    expect(started.map((line) => line.split(' ')[0])).toEqual(['disk', 'db', 'cache', 'app', 'web']);
  });

  test('waits for what is wanted, whatever comes of that', () => {
    const street = new Street({ log: { spec: NEVER }, web: { wants: ['log'] } });
    street.start('web');
    expect(street.states).toBe('log:starting web:waiting');
    street.do('log', 'refuse');
    expect(street.states).toBe('log:failed web:starting');
  });

  test('does not wait for the further attempts of what is wanted', () => {
    const street = new Street({ log: {}, web: { wants: ['log'] } });
    street.start('web');
    street.do('log', 'refuse').do('log', 'refuse');
    expect(street.states).toBe('log:backoff web:starting');
  });

  test('does not wait for what is wanted where that itself waits for what is stopped', () => {
    const street = new Street({ net: {}, log: { needs: ['net'] }, web: { wants: ['log'] } });
    street.start('log');
    street.flow().stop('net');
    street.flow();
    expect(street.states).toBe('net:stopped log:waiting web:stopped');
    street.start('web');
    expect(street.states).toBe('net:starting log:waiting web:waiting');
    street.flow().stop('net', 'web');
    street.flow();
    expect(street.states).toBe('net:stopped log:waiting web:stopped');
  });

  test('follows the order of what starts in the same go, and starts nothing for it', () => {
    const street = new Street({ a: {}, b: { after: ['a'] }, c: { before: ['a'] } });
    street.start('b');
    expect(street.flow().states).toBe('a:stopped b:running c:stopped');
    street.stop('b');
    street.flow().start('a', 'b', 'c');
    expect(street.states).toBe('a:waiting b:waiting c:starting');
    expect(street.flow().states).toBe('a:running b:running c:running');
  });

  test('stops first what cannot be beside it, and the other way round', () => {
    const street = new Street({ blue: {}, green: { conflicts: ['blue'] } });
    street.start('blue');
    street.flow().start('green');
    expect(street.states).toBe('blue:stopping green:waiting');
    expect(street.flow().states).toBe('blue:stopped green:running');
    street.start('blue');
    expect(street.flow().states).toBe('blue:running green:stopped');
  });

  test('does not wait for what waits for a rival that nobody stops, and does where that is on its way out', () => {
    const street = new Street({ blue: {}, green: { conflicts: ['blue'] }, web: { after: ['green'] } });
    const green: Told = { label: 'green', event: { kind: 'order-start', cause: NO_CAUSE } };
    street.start('blue');
    /* As at a start of the supervisor: it stops nothing for it. */
    street.flow().tell([green]);
    street.start('web');
    expect(street.flow().states).toBe('blue:running green:waiting web:running');
    street.stop('web');
    street.flow().stop('blue');
    street.start('web');
    expect(street.states).toBe('blue:stopping green:waiting web:waiting');
    expect(street.flow().states).toBe('blue:stopped green:running web:running');
  });

  test('comes up where what it waits for has to wait for a rival that comes back', () => {
    const street = new Street({ blue: {}, green: { conflicts: ['blue'] }, web: { after: ['green'] } });
    street.start('blue');
    street.flow().stop('blue');
    street.tell([
      { label: 'green', event: { kind: 'order-start', cause: NO_CAUSE } },
      { label: 'web', event: { kind: 'order-start', cause: NO_CAUSE } },
    ]);
    expect(street.states).toBe('blue:stopping green:waiting web:waiting');
    street.tell([{ label: 'blue', event: { kind: 'order-start', cause: NO_CAUSE } }]);
    street.flow();
    expect(street.states).toMatch(/^blue:(?:running green:waiting|waiting green:running) web:running$/);
  });

  test('pulls up again what a unit waits for', () => {
    const street = new Street({ db: {}, web: { needs: ['db'] } });
    street.start('web');
    street.flow().stop('db');
    expect(street.flow().states).toBe('db:stopped web:waiting');
    street.start('web');
    expect(street.flow().states).toBe('db:running web:running');
  });

  test('of what is needed is enough for what has waited', () => {
    const street = new Street({ db: {}, app: { needs: ['db'] }, web: { needs: ['app'] } });
    street.start('web');
    street.flow().stop('db');
    expect(street.flow().states).toBe('db:stopped app:waiting web:waiting');
    street.start('db');
    expect(street.flow().states).toBe('db:running app:running web:running');
  });
});

describe('what needs something that has failed', () => {
  test('is failed with the way to it, and is lifted when that is running', () => {
    const street = new Street({ db: { spec: NEVER }, app: { needs: ['db'] }, web: { needs: ['app'] } });
    street.start('web');
    street.do('db', 'refuse');
    expect(street.states).toBe('db:failed app:failed web:failed');
    expect(street.unitOf('app').state).toEqual({ kind: 'blocked', needs: ['db'] });
    expect(street.unitOf('web').state).toEqual({ kind: 'blocked', needs: ['app', 'db'] });
    street.start('db');
    expect(street.states).toBe('db:starting app:waiting web:waiting');
    expect(street.flow().states).toBe('db:running app:running web:running');
  });

  test('waits while that is to be tried again', () => {
    const street = new Street({ db: {}, web: { needs: ['db'] } });
    street.start('web');
    street.do('db', 'refuse').do('db', 'refuse');
    expect(street.states).toBe('db:backoff web:waiting');
    street.do('db', 'timer');
    expect(street.flow().states).toBe('db:running web:running');
  });

  test('stays failed with another that has failed, and waits when none is', () => {
    const street = new Street({ db: { spec: NEVER }, mq: { spec: NEVER }, web: { needs: ['db', 'mq'] } });
    street.start('web');
    street.do('db', 'refuse').do('mq', 'refuse');
    expect(street.unitOf('web').state).toEqual({ kind: 'blocked', needs: ['db'] });
    street.start('db');
    expect(street.unitOf('web').state).toEqual({ kind: 'blocked', needs: ['mq'] });
    street.flow().start('mq');
    expect(street.states).toBe('db:running mq:starting web:waiting');
  });

  test('is not tried again by what it needs where it has failed by itself', () => {
    const street = new Street({ db: {}, web: { needs: ['db'], spec: NEVER } });
    street.start('web');
    street.flow().crash('web').crash('db');
    expect(street.flow().states).toBe('db:running web:failed');
  });
});
