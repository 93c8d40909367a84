import { expect, test } from 'vitest';
import { whenMade } from '../../../src/archond/ports/coming.ts';
import type { UnitRecord } from '../../../src/archond/unit-record.ts';

/** As much of a unit as is looked at: its state, and the generations that it has asked for and that it knows. */
function unit(kind: string, asked: number, known?: number): UnitRecord {
  const ref = known === undefined ? undefined : { index: 0, generation: known };
  return {
    unit: { state: { kind }, generation: asked },
    ref,
    observers: new Set(),
  } as unknown as UnitRecord;
}

function heardOf(record: UnitRecord, change: (record: UnitRecord) => void): string {
  let heard = 'waits';
  const waits = whenMade({ records: new Map([['web', record]]) }, 'web', () => (heard = 'called'));
  if (!waits) return 'no wait';
  change(record);
  for (const one of [record, record.beside])
    for (const observe of [...(one?.observers ?? [])]) observe(record);
  return heard;
}

const nothing = (): void => undefined;

test('A spawn that was asked for and is not known yet is waited for until it is, or is refused', () => {
  expect(heardOf(unit('starting', 2, 1), nothing)).toBe('waits');
  expect(heardOf(unit('starting', 1), (record) => (record.ref = { index: 0, generation: 1 }))).toBe('called');
  const refuse = (record: UnitRecord): void => {
    record.unit = unit('backoff', 2, 1).unit;
  };
  expect(heardOf(unit('starting', 2, 1), refuse)).toBe('called');
});

test('A generation that starts beside the unit’s own is one, too', () => {
  const record = unit('running', 1, 1);
  record.beside = unit('starting', 2);
  expect(heardOf(record, ({ beside }) => beside && (beside.ref = { index: 1, generation: 2 }))).toBe(
    'called',
  );
});

test('Where no spawn is under way nothing is waited for', () => {
  for (const record of [unit('running', 1, 1), unit('starting', 1, 1), unit('stopped', 1, 1)])
    expect(heardOf(record, nothing)).toBe('no wait');
  expect(whenMade({ records: new Map() }, 'web', () => undefined)).toBe(false);
});
