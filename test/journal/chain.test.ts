import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventRecord } from '../../src/base/event-record.ts';
import type { EventChain } from '../../src/journal/chain.ts';
import { PIECE_BYTES } from '../../src/journal/reader.ts';
import { event, limits, Rig } from './rig.ts';

const LABELS = ['web', 'db', 'we'];

function causeOf({ details }: EventRecord): number | undefined {
  const [, cause] = details.find(([name]) => name === 'cause') ?? [];
  return cause === undefined ? undefined : Number(cause);
}

function readAll(chain: EventChain): number[] {
  const found: number[] = [];
  for (;;) {
    const { events, isLast } = chain.next();
    found.push(...events.map(({ sequence }) => sequence));
    if (isLast) return found;
  }
}

/** A journal of many segments in which each event has the cause that is given, 0 for none. */
function filled(
  causes: readonly number[],
  segmentBytes = 1500,
): { readonly rig: Rig; readonly all: EventRecord[] } {
  const rig = new Rig();
  rig.limits = limits({ segmentBytes });
  rig.killAndOpen();
  const all = causes.map((cause, index) => {
    const details = cause === 0 ? [] : [['cause', String(cause)] as const];
    const given = event(LABELS[index % 3] ?? '', { kind: index % 5 === 0 ? 'note' : 'exited', details });
    const sequence = rig.journal.append(given);
    if (index % 4 === 0) rig.journal.flush();
    return { ...given, sequence };
  });
  return { rig, all };
}

/** What a chain is, said in the simplest way. */
function expected(all: readonly EventRecord[], label: string): number[] {
  let at = all.findLast((one) => one.label === label && one.kind === 'exited');
  const found: number[] = [];
  while (at !== undefined) {
    found.push(at.sequence);
    const cause = causeOf(at);
    at = all.find(({ sequence }) => sequence === cause);
  }
  return found;
}

const causes = fc
  .array(fc.nat(1_000_000), { minLength: 1, maxLength: 200 })
  .map((numbers) => numbers.map((number, index) => (index % 6 === 0 ? 0 : number % (index + 1))));

const query = (label: string, from?: number): Parameters<Rig['journal']['chain']>[0] => ({
  label,
  from,
  isFirst: ({ kind }) => kind === 'exited',
  before: causeOf,
});

describe('a chain of events', () => {
  test('goes from the newest of a label back over as many segments as there are', () => {
    fc.assert(
      fc.property(causes, fc.constantFrom(...LABELS, 'none'), (given, label) => {
        const { rig, all } = filled(given);
        expect(readAll(rig.journal.chain(query(label)))).toEqual(expected(all, label));
      }),
      { numRuns: 60 },
    );
  });

  test('is the same where the number of the first one is given, right or wrong', () => {
    const { rig, all } = filled(Array.from({ length: 150 }, (_, index) => Math.floor(index / 2)));
    const whole = expected(all, 'web');
    for (const from of [whole[0], 1, 2, 150, 10_000]) {
      const found = readAll(rig.journal.chain(query('web', from)));
      const isRight = all.some(
        (one) => one.sequence === from && one.label === 'web' && one.kind === 'exited',
      );
      expect(found).toEqual(isRight && from !== whole[0] ? expected(all.slice(0, from), 'web') : whole);
    }
  });

  test('ends before what is not kept any more', () => {
    const { rig } = filled(Array.from({ length: 150 }, (_, index) => Math.max(0, index - 20)));
    const whole = readAll(rig.journal.chain(query('db')));
    expect(whole.length).toBeGreaterThan(5);
    const files = rig.files();
    for (const path of rig.segments().slice(0, 2)) files.delete(path);
    rig.kill();
    rig.replaceFiles(files);
    rig.open();
    const first = rig.query().find((one) => one !== 'gap')?.sequence ?? 0;
    expect(first).toBeGreaterThan(1);
    expect(readAll(rig.journal.chain(query('db')))).toEqual(whole.filter((sequence) => sequence >= first));
  });

  test('is read piece by piece, and passes over segments that it has no event in', () => {
    const rig = new Rig();
    rig.limits = limits({ segmentBytes: 4 * PIECE_BYTES });
    rig.killAndOpen();
    const root = rig.journal.append(event('web', { kind: 'exited' }));
    const text = 'x'.repeat(1000);
    for (let count = 0; count < 2000; count += 1)
      rig.journal.append(event('other', { details: [['text', text]] }));
    const last = rig.journal.append(event('web', { kind: 'exited', details: [['cause', String(root)]] }));
    const chain = rig.journal.chain(query('web'));
    let pieces = 0;
    const found: number[] = [];
    for (let isLast = false; !isLast; pieces += 1) {
      const slice = chain.next();
      found.push(...slice.events.map(({ sequence }) => sequence));
      ({ isLast } = slice);
    }
    expect(found).toEqual([last, root]);
    expect(rig.segments().length).toBeGreaterThan(6);
    /* Of the first and the last segment all pieces, of the others none. */
    expect(pieces).toBeLessThan(rig.segments().length + 2 * 6);
  });
});
