import { describe, expect, it } from 'vitest';
import { OrderChecker, type Said } from './order-checker.ts';

const ALONE: Said = { type: 'service', needs: [], wants: [], after: [] };
const UNITS: ReadonlyMap<string, Said> = new Map([
  ['db', ALONE],
  ['job', { ...ALONE, type: 'oneshot' }],
  ['web', { ...ALONE, needs: ['db', 'job'] }],
  ['log', { ...ALONE, wants: ['job'] }],
]);

/** What the checker says of events given as `web starting cause=3`. */
function faultsOf(...events: readonly string[]): readonly string[] {
  const checker = new OrderChecker(UNITS);
  events.forEach((event, at) => {
    checker.take(`Event,${at + 1},0.5,${event.replaceAll(' ', ',')}`);
  });
  return checker.faults;
}

const UP = ['db starting', 'db running', 'job starting', 'job exited', 'job finished'];

describe('the checker of orders', () => {
  it('has nothing to say of what goes as it should', () => {
    const down = ['web stopping', 'db stopping', 'job stopping', 'web exited', 'web waiting', 'db exited'];
    expect(faultsOf(...UP, 'web starting cause=5', 'web running', ...down, 'job stopped')).toEqual([]);
    expect(faultsOf(...UP, 'db exited', 'db starting', 'web starting cause=5')).toEqual([]);
    expect(faultsOf(...UP, 'db stopping', 'web starting cause=5')).toEqual([]);
  });

  it('sees what starts before what it needs, or after that has gone', () => {
    expect(faultsOf(...UP.slice(0, 3), 'web starting cause=2')).toEqual([
      '4: web starts though job is not up',
    ]);
    expect(faultsOf(...UP, 'db exited', 'web starting cause=6')).toEqual([
      '7: web starts though db is not up',
    ]);
    expect(faultsOf(...UP, 'job stopping', 'job stopped', 'web starting cause=7')).toHaveLength(1);
  });

  it('sees what starts before anything has come of what it wants', () => {
    expect(faultsOf('job starting', 'log starting')).toEqual([
      '2: log starts before anything has come of job',
    ]);
  });

  it('sees two of one unit', () => {
    expect(faultsOf('db starting', 'db running', 'db starting')).toEqual(['3: db starts beside itself']);
    expect(faultsOf('db adopted', 'db starting')).toHaveLength(1);
  });

  it('sees what was stopped before what needs it', () => {
    const up = [...UP, 'web starting cause=5', 'web running'];
    expect(faultsOf(...up, 'db stopping', 'web stopping', 'db exited signal=SIGTERM')).toEqual([
      'db was stopped before web, which needs it',
    ]);
    expect(faultsOf(...up, 'db exited signal=SIGKILL', 'web stopping')).toEqual([]);
  });
});
