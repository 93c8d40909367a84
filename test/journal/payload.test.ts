import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteJson, parseJson } from '../../src/journal/byte-json.ts';
import {
  eventPayload,
  forgottenPayload,
  numberAt,
  readEventPayload,
  readValuePayload,
  valuePayload,
} from '../../src/journal/payload.ts';
import { valueName, Values } from '../../src/journal/values.ts';

/** Fields as the protocol has them, texts, and strings that are neither. */
const word = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 1, max: 0xff })).map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom('\ud800', '\udfff x', 'é', '\u2028', '__proto__', '"\\"', ' '),
);
const event = fc.record({
  timeNs: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  label: word,
  kind: word,
  details: fc.array(fc.tuple(word, word), { maxLength: 6 }),
});

describe('a payload', () => {
  test('holds any event, in one line of bytes', () => {
    fc.assert(
      fc.property(fc.nat(), event, (sequence, given) => {
        const payload = eventPayload(sequence, given);
        expect(payload).toMatch(/^[\x20-\xff]*$/);
        expect(readEventPayload(payload)).toEqual({ sequence, ...given });
        const bytes = Buffer.from(payload, 'latin1');
        expect(numberAt(bytes, 0, bytes.length)).toBe(sequence);
      }),
    );
  });

  test('holds any value that JSON can say', () => {
    fc.assert(
      fc.property(word, word, fc.jsonValue(), (kind, key, value) => {
        const payload = valuePayload(5n, { kind, key, value });
        expect(payload.startsWith('5 ')).toBe(true);
        expect(readValuePayload(payload)).toEqual({ kind, key, value: parseJson(JSON.stringify(value)) });
        expect(readValuePayload(forgottenPayload(5n, kind, key))).toEqual({ kind, key, value: undefined });
      }),
    );
  });

  test('costs one byte for each byte of a field, and shows UTF-8 as such', () => {
    const field = Buffer.from('grün', 'utf8').toString('latin1');
    expect(byteJson(field)).toHaveLength(2 + 5);
    expect(Buffer.from(byteJson(field), 'latin1').toString('utf8')).toBe('"grün"');
    expect(byteJson('→')).toBe('"\\u2192"');
  });

  test.each([
    '',
    '1',
    '1 2',
    '1 2 ["label"]',
    '1 2 ["label","kind","name"]',
    '1 2 ["label","kind",3,"x"]',
    '1 2 {"label":1}',
    '1 2 ["label","kind"',
    'x 2 ["label","kind"]',
    '1.5 2 ["label","kind"]',
    '1 x ["label","kind"]',
  ])('that is no event is seen to be none: %s', (payload) => {
    expect(readEventPayload(payload)).toBe(undefined);
  });

  test.each(['', '5', '5 {}', '5 ["kind"]', '5 [1,"key",2]', '5 ["kind","key"'])(
    'that is no value is seen to be none: %s',
    (payload) => {
      expect(readValuePayload(payload)).toBe(undefined);
    },
  );

  test('begins with a number or not', () => {
    const at = (text: string, from = 0): number => numberAt(Buffer.from(text), from, text.length);
    expect([at('12 x'), at('x 345 ', 2), at('12'), at(' 1'), at('1x ')]).toEqual([12, 345, NaN, NaN, NaN]);
  });
});

describe('remembered values', () => {
  const set = (values: Values, kind: string, key: string, value: unknown): void =>
    values.set(valueName(kind, key), { type: 'R', payload: valuePayload(0n, { kind, key, value }) });
  const forget = (values: Values, kind: string, key: string): void =>
    values.set(valueName(kind, key), { type: 'F', payload: forgottenPayload(0n, kind, key) });

  test('have names that no other pair of kind and key has', () => {
    fc.assert(
      fc.property(word, word, word, word, (kind, key, otherKind, otherKey) => {
        const isSame = kind === otherKind && key === otherKey;
        expect(valueName(kind, key) === valueName(otherKind, otherKey)).toBe(isSame);
      }),
    );
    expect(valueName('a', 'bc')).not.toBe(valueName('ab', 'c'));
  });

  test('are the last that were given, and gone when they are forgotten', () => {
    const values = new Values();
    set(values, 'unit', 'web', 1);
    set(values, 'unit', 'web', 2);
    set(values, 'unit', 'db', 3);
    forget(values, 'unit', 'db');
    expect(values.list()).toEqual([{ kind: 'unit', key: 'web', value: 2 }]);
    expect(values.count).toBe(1);
  });

  test('of a past that comes late are added where nothing newer is known, forgotten ones not', () => {
    const past = new Values();
    for (const key of ['old', 'changed', 'forgotten']) set(past, 'unit', key, 'past');
    const values = new Values();
    values.keepsForgotten = true;
    set(values, 'unit', 'changed', 'now');
    forget(values, 'unit', 'forgotten');
    expect(values.count).toBe(2);
    expect(values.addPast(past)).toEqual([{ kind: 'unit', key: 'old', value: 'past' }]);
    expect(values.list().map(({ key, value }) => [key, value])).toEqual([
      ['changed', 'now'],
      ['old', 'past'],
    ]);
    expect([values.count, values.keepsForgotten]).toEqual([2, false]);
  });

  test('are not disturbed by a line that says nothing', () => {
    const values = new Values();
    values.apply({ type: 'R', payload: '5 {"later":"version"}' });
    expect(values.count).toBe(0);
  });
});
