import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventRecord } from '../../src/base/event-record.ts';
import type { EventQuery } from '../../src/journal/cursor.ts';
import { PIECE_BYTES } from '../../src/journal/reader.ts';
import { DIR, event, limits, readAll, Rig, STATE_DISK } from './rig.ts';

const SECOND_NS = 1_000_000_000n;
const BEGIN_NS = 1_700_000_000n * SECOND_NS;
const KINDS = ['starting', 'running', 'exited'];
const LABELS = ['web', 'db', 'cache'];

/** A journal of many segments with an event a second; also what is in it. */
function filled(count: number, segmentBytes = 2000): { readonly rig: Rig; readonly all: EventRecord[] } {
  const rig = new Rig();
  rig.limits = limits({ segmentBytes });
  rig.killAndOpen();
  const all: EventRecord[] = [];
  for (let number = 1; number <= count; number += 1) {
    const given = event(LABELS[number % 3] ?? '', {
      timeNs: BEGIN_NS + BigInt(number) * SECOND_NS,
      kind: KINDS[number % 7] ?? 'note',
      details: [['number', String(number)]],
    });
    all.push({ ...given, sequence: rig.journal.append(given) });
    rig.journal.remember('unit', `key ${number % 4}`, number);
    if (number % 3 === 0) rig.journal.flush();
  }
  return { rig, all };
}

/** What a query means, said in the simplest way. */
function expected(all: readonly EventRecord[], query: EventQuery): EventRecord[] {
  const { after = 0, sinceNs = 0n, untilNs = 2n ** 63n, kind, label, last } = query;
  const matching = all.filter(
    (one) =>
      one.sequence > after &&
      one.timeNs >= sinceNs &&
      one.timeNs <= untilNs &&
      (kind === undefined || one.kind === kind) &&
      (label === undefined || label(one.label)),
  );
  return last === undefined ? matching : matching.slice(Math.max(0, matching.length - last));
}

const instant = fc.integer({ min: -5, max: 405 }).map((second) => BEGIN_NS + BigInt(second) * SECOND_NS);
const query: fc.Arbitrary<EventQuery> = fc.record(
  {
    after: fc.nat(410),
    sinceNs: instant,
    untilNs: instant,
    kind: fc.constantFrom(...KINDS, 'note', 'never'),
    label: fc.constantFrom(...[...LABELS, 'none'].map((wanted) => (label: string) => label === wanted)),
    last: fc.nat(410),
  },
  { requiredKeys: [] },
);

describe('a query', () => {
  const { rig, all } = filled(400);
  rig.journal.flush();

  test('gives exactly what it asks for, oldest first, over as many segments as there are', () => {
    expect(rig.segments().length).toBeGreaterThan(10);
    fc.assert(
      fc.property(query, (one) => {
        expect(rig.query(one)).toEqual(expected(all, one));
      }),
      { numRuns: 300 },
    );
  });

  test('gives the same to an archond that has just been started', () => {
    const copy = new Rig();
    copy.kill();
    copy.replaceFiles(rig.files());
    copy.open();
    fc.assert(
      fc.property(query, (one) => {
        expect(copy.query(one)).toEqual(expected(all, one));
      }),
      { numRuns: 100 },
    );
  });

  test('of all gives all, also where it begins before the first or behind the last', () => {
    expect(rig.query()).toEqual(all);
    expect(rig.query({ after: 0 })).toEqual(all);
    expect(rig.query({ after: 400 })).toEqual([]);
    expect(rig.query({ last: 0 })).toEqual([]);
    expect(rig.query({ last: 1_000_000_000 })).toEqual(all);
  });

  test('of a time far away reads no segment but their heads', () => {
    const copy = new Rig();
    copy.kill();
    copy.replaceFiles(rig.files());
    copy.open();
    const cursor = copy.journal.events({ untilNs: BEGIN_NS - SECOND_NS });
    // Now that the heads are known nothing can be read any more.
    copy.disk.fail(STATE_DISK, 'EIO', ['read']);
    expect(readAll(cursor)).toEqual([]);
  });

  test('of what comes after a number begins near it', () => {
    const reads: number[] = [];
    const { files } = rig.sys;
    const read = files.read.bind(files);
    files.read = (path, offset, length) => {
      reads.push(length);
      return read(path, offset, length);
    };
    expect(rig.query({ after: 398 }).map((one) => (one === 'gap' ? one : one.sequence))).toEqual([399, 400]);
    expect(reads.length).toBeLessThanOrEqual(4);
    files.read = read;
  });
});

describe('a cursor', () => {
  test('brings a bounded piece at each call, however much there is', () => {
    const { rig, all } = filled(6000, 3_000_000);
    const lengths: number[] = [];
    const read = rig.sys.files.read.bind(rig.sys.files);
    rig.sys.files.read = (path, offset, length) => {
      lengths.push(length);
      return read(path, offset, length);
    };
    const cursor = rig.journal.events({});
    const events: EventRecord[] = [];
    for (let calls = 1; ; calls += 1) {
      const before = lengths.length;
      const slice = cursor.next();
      events.push(...slice.events);
      expect(lengths.length - before).toBeLessThanOrEqual(2);
      if (!slice.isLast) continue;
      expect(calls).toBeGreaterThan(4);
      break;
    }
    expect(events).toEqual(all);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(PIECE_BYTES);
  });

  test('reads events that are longer than a piece', () => {
    const rig = new Rig();
    const long = 'x'.repeat(3 * PIECE_BYTES);
    rig.journal.append(event('short'));
    rig.journal.append(event('long', { details: [['text', long]] }));
    rig.journal.append(event('short again'));
    for (const one of [{}, { after: 0 }, { last: 3 }] satisfies EventQuery[]) {
      expect(rig.lines(one)).toEqual(['1 short', '2 long', '3 short again']);
    }
    expect(rig.query({ after: 1, last: 2 })[0]).toMatchObject({ details: [['text', long]] });
    expect(rig.killAndOpen().lastSequence).toBe(3);
  });

  test('brings what there was when it was made, whatever comes while it is read', () => {
    const { rig, all } = filled(60, 500);
    const cursor = rig.journal.events({});
    const events: EventRecord[] = [];
    for (;;) {
      const slice = cursor.next();
      events.push(...slice.events);
      rig.append('later');
      rig.journal.flush();
      if (slice.isLast) break;
    }
    expect(events).toEqual(all);
    expect(rig.query({ after: 60 }).length).toBeGreaterThan(5);
  });

  test('says so where segments are removed before it comes to them', () => {
    const { rig } = filled(60, 500);
    rig.limits = limits({ segmentBytes: 500, retainSegments: 3 });
    rig.closeAndOpen();
    const cursor = rig.journal.events({ after: rig.journal.firstKept() - 1 });
    const [first] = [cursor.next(), cursor.next()].flatMap((slice) => slice.events);
    for (let time = 0; time < 40; time += 1) {
      rig.append('later');
      rig.journal.flush();
      rig.control.settle();
    }
    const rest = readAll(cursor);
    expect([first?.sequence, rest.includes('gap')]).toEqual([undefined, true]);
  });

  test('goes on where segments are brought from the runtime folder meanwhile', () => {
    const { rig, all } = filled(30, 500);
    const repair = rig.disk.makeReadOnly(STATE_DISK);
    for (let number = 31; number <= 60; number += 1) {
      const given = event('meanwhile', { timeNs: BEGIN_NS });
      all.push({ ...given, sequence: rig.journal.append(given) });
      rig.journal.flush();
    }
    const cursor = rig.journal.events({ after: 0 });
    cursor.next();
    repair();
    rig.retry();
    expect(rig.health).toBe('well');
    expect(readAll(cursor)).toEqual(all);
  });

  test('can be dropped in the middle: it holds nothing', () => {
    const { rig } = filled(60, 500);
    const open = rig.control.openDescriptors().length;
    rig.journal.events({}).next();
    rig.journal.events({ last: 3 }).next();
    expect(rig.control.openDescriptors()).toHaveLength(open);
  });

  test('finds the events of a clock that was set back', () => {
    const rig = new Rig();
    rig.limits = limits({ segmentBytes: 100 });
    rig.killAndOpen();
    const seconds = [100, 200, 50, 300, 20, 250];
    for (const second of seconds) {
      rig.journal.append(event(String(second), { timeNs: BEGIN_NS + BigInt(second) * SECOND_NS }));
      rig.journal.flush();
    }
    const until = (second: number): bigint => BEGIN_NS + BigInt(second) * SECOND_NS;
    expect(rig.lines({ untilNs: until(60) })).toEqual(['3 50', '5 20']);
    expect(rig.lines({ sinceNs: until(200), last: 2 })).toEqual(['4 300', '6 250']);
    rig.closeAndOpen();
    expect(rig.lines({ sinceNs: until(220) })).toEqual(['4 300', '6 250']);
  });

  test('tells of nothing before there is anything', () => {
    const rig = new Rig();
    for (const one of [{}, { after: 0 }, { last: 5 }, { sinceNs: 0n }] satisfies EventQuery[]) {
      expect(rig.query(one)).toEqual([]);
    }
  });

  test('leaves out what has no event in it', () => {
    const rig = new Rig();
    rig.limits = limits({ segmentBytes: 1 });
    rig.killAndOpen();
    const comeAndGo = (): void => {
      for (let time = 0; time < 5; time += 1) {
        rig.journal.remember('unit', 'web', 'x'.repeat(1000));
        rig.journal.flush();
        rig.journal.forget('unit', 'web');
        rig.journal.remember('unit', 'db', 'x'.repeat(1000));
        rig.journal.flush();
        rig.journal.forget('unit', 'db');
        rig.journal.flush();
      }
    };
    comeAndGo();
    rig.append('one');
    rig.journal.flush();
    comeAndGo();
    expect(rig.segments().length).toBeGreaterThan(8);
    for (const one of [{}, { after: 0 }, { last: 5 }, { sinceNs: 0n }] satisfies EventQuery[]) {
      expect(rig.lines(one)).toEqual(['1 one']);
    }
    expect(rig.lines({ after: 1 })).toEqual([]);
    expect(rig.paths(DIR).length).toBeGreaterThan(8);
  });
});
