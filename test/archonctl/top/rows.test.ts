import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chosen, isUp } from '../../../src/archonctl/top/filter.ts';
import { Rates, TREND_LENGTH } from '../../../src/archonctl/top/rates.ts';
import { topRows } from '../../../src/archonctl/top/row.ts';
import { parseSortKey, SORT_KEYS, sorted } from '../../../src/archonctl/top/sort.ts';
import { totalsOf } from '../../../src/archonctl/top/totals.ts';
import { downRow, row } from './rows.ts';

const labels = (rows: readonly { readonly label: string }[]): string[] => rows.map(({ label }) => label);

describe('records of units and of what they use', () => {
  it('come together by their labels; what is empty, or not there, is not known', () => {
    const rows = topRows(
      [
        ['web', 'running', '7', '1000.5', '2', '', '', 'code:1', 'of a later version'],
        ['db', 'failed', '', '900', '0', '', '', ''],
      ],
      [
        ['web', '1700.25', '12.5', '4096', '', '3', '2', '10', '20', '99.9', '8192', 'later'],
        ['gone', '1', '2', '3'],
      ],
    );
    expect(rows).toEqual([
      {
        label: 'web',
        state: 'running',
        pid: 7,
        since: 1000.5,
        restarts: 2,
        lastExit: 'code:1',
        at: 1700.25,
        cpu: 12.5,
        memory: 4096,
        descriptors: undefined,
        threads: 3,
        processes: 2,
        read: 10,
        written: 20,
        cpuPeak: 99.9,
        memoryPeak: 8192,
      },
      { ...downRow('db', 'failed'), since: 900 },
    ]);
  });
});

describe('an order', () => {
  const rows = [
    row('b', { cpu: 5, restarts: 1, since: 10 }),
    row('a', { cpu: 5, restarts: 3, since: 30 }),
    downRow('d', 'failed'),
    row('c', { cpu: 90, restarts: 0, since: 20 }),
  ];

  it('has the largest first, the same ones by their labels, and what has none last, turned round too', () => {
    expect(labels(sorted(rows, 'cpu', false))).toEqual(['c', 'a', 'b', 'd']);
    expect(labels(sorted(rows, 'cpu', true))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('of labels begins with A, of states with what asks for attention, of ages with what is new', () => {
    expect(labels(sorted(rows, 'label', false))).toEqual(['a', 'b', 'c', 'd']);
    expect(labels(sorted(rows, 'label', true))).toEqual(['d', 'c', 'b', 'a']);
    expect(labels(sorted(rows, 'state', false))).toEqual(['d', 'a', 'b', 'c']);
    expect(labels(sorted(rows.slice(0, 2), 'age', false))).toEqual(['a', 'b']);
  });

  it('loses no row, whatever it goes by', () => {
    const number = fc.option(fc.double({ noNaN: true, min: 0, max: 1e6 }), { nil: undefined });
    const any = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), number), { maxLength: 20 });
    fc.assert(
      fc.property(any, fc.constantFrom(...SORT_KEYS), fc.boolean(), (pairs, key, isReversed) => {
        const some = pairs.map(([label, value]) => row(label, { cpu: value, memory: value, since: value }));
        const ordered = sorted(some, key, isReversed);
        expect(new Set(ordered)).toEqual(new Set(some));
        expect(ordered).toHaveLength(some.length);
        expect(sorted(ordered, key, isReversed)).toEqual(ordered);
      }),
    );
  });

  it('is named on the command line; a slip is told what was meant', () => {
    expect(parseSortKey('memory')).toEqual({ ok: true, value: 'memory' });
    expect(parseSortKey('memroy')).toMatchObject({
      ok: false,
      error: { message: "units are not put in order by 'memroy': did you mean memory?" },
    });
    expect(parseSortKey('shoe-size')).toMatchObject({
      error: {
        code: 'bad-argument',
        message: expect.stringContaining('choose cpu, memory, label') as string,
      },
    });
  });
});

describe('a filter', () => {
  const rows = ['web/a', 'web/b', 'Cobweb', 'db'].map((label) => row(label));

  it('is a part of labels, or a glob', () => {
    expect(labels(chosen(rows, ''))).toHaveLength(4);
    expect(labels(chosen(rows, 'WEB'))).toEqual(['web/a', 'web/b', 'Cobweb']);
    expect(labels(chosen(rows, 'web*'))).toEqual(['web/a', 'web/b']);
    expect(labels(chosen(rows, '*b'))).toEqual(['web/b', 'Cobweb', 'db']);
    expect(chosen(rows, 'nothing')).toEqual([]);
  });

  it('that is a glob still being typed hides nothing', () => {
    expect(chosen(rows, 'web/{a')).toHaveLength(4);
  });

  it('of what is up keeps what is about to have a process', () => {
    const states = ['running', 'backoff', 'waiting', 'stopping', 'stopped', 'failed', 'finished'];
    expect(states.filter((state) => isUp(downRow('x', state)))).toEqual(states.slice(0, 4));
  });
});

describe('rates', () => {
  it('are told between two looks at the same process', () => {
    const rates = new Rates();
    const [first] = rates.after([row('web', { at: 10, read: 100, written: 0 })]);
    expect([first?.readRate, first?.writeRate]).toEqual([undefined, undefined]);
    const [second] = rates.after([row('web', { at: 12, read: 300, written: 50 })]);
    expect([second?.readRate, second?.writeRate]).toEqual([100, 25]);
    const [same] = rates.after([row('web', { at: 12, read: 300, written: 50 })]);
    expect([same?.readRate, same?.writeRate]).toEqual([100, 25]);
    const [other] = rates.after([row('web', { at: 13, read: 500, written: 90, pid: 101 })]);
    expect([other?.readRate, other?.writeRate]).toEqual([undefined, undefined]);
    expect(rates.after([])).toEqual([]);
    const [again] = rates.after([row('web', { at: 14, read: 600, pid: 101 })]);
    expect(again?.readRate).toBe(undefined);
  });

  it('remember the last shares of the processor, and none of what is down', () => {
    const rates = new Rates();
    let seen = rates.after([row('web', { cpu: 0 })]);
    for (let cpu = 1; cpu < 15; cpu += 1) seen = rates.after([row('web', { cpu, at: cpu })]);
    expect(seen[0]?.trend).toEqual(Array.from({ length: TREND_LENGTH }, (_, at) => at + 5));
    expect(rates.after([downRow('web', 'stopped')])[0]?.trend).toEqual([]);
  });
});

describe('totals', () => {
  it('count states, the most frequent first, and add up what is known', () => {
    const totals = totalsOf([
      downRow('a', 'failed'),
      row('b', { cpu: 1.5, memory: 10, readRate: 5 }),
      row('c', { cpu: 2, memory: 20, descriptors: undefined }),
    ]);
    expect(Object.entries(totals.states)).toEqual([
      ['running', 2],
      ['failed', 1],
    ]);
    expect(totals).toMatchObject({
      units: 3,
      cpu: 3.5,
      memory: 30,
      descriptors: 4,
      processes: 2,
      readRate: 5,
    });
  });
});
