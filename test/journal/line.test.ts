import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineAt, LineBuffer, lineBytes, lineFeedAt, payloadOf, typeAt } from '../../src/journal/line.ts';

/** A payload as the journal makes them: no control characters, each character a byte. */
const payload = fc
  .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));

/** What stands at `at`: type and payload, or undefined. */
function read(bytes: Buffer, at = 0): readonly [string, string] | undefined {
  const line = lineAt(bytes, at, lineFeedAt(bytes, at));
  return line && [String.fromCharCode(line.type), payloadOf(bytes, line)];
}

describe('a line', () => {
  test('is its checksum, its type and its payload', () => {
    const lines = new LineBuffer();
    lines.add('K', '3');
    expect(lines.bytes().toString('latin1')).toMatch(/^[0-9a-f]{8} K 3\n$/);
    expect(String.fromCharCode(typeAt(lines.bytes(), 0))).toBe('K');
  });

  test('comes back as it was given, whatever bytes are in it', () => {
    fc.assert(
      fc.property(fc.array(payload), (payloads) => {
        const lines = new LineBuffer();
        for (const one of payloads) lines.add('E', one);
        const bytes = lines.bytes();
        let at = 0;
        for (const one of payloads) {
          expect(read(bytes, at)).toEqual(['E', one]);
          const line = lineAt(bytes, at, lineFeedAt(bytes, at)) ?? expect.fail('no line');
          at += lineBytes(line);
        }
        expect(at).toBe(lines.length);
      }),
    );
  });

  test('with any other bit than it was written with is none', () => {
    const lines = new LineBuffer();
    lines.add('E', '17 1700000000000000000 ["web","exited","code","0"]');
    const whole = lines.bytes();
    for (let bit = 0; bit < 8 * (whole.length - 1); bit += 1) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(read(changed), `bit ${bit}`).toBe(undefined);
    }
  });

  test.each(['', '\n', 'x\n', '00000000\n', '00000000 \n', 'g0000000 E x\n', '0000000 E x\n'])(
    'is not what %j says',
    (text) => {
      expect(read(Buffer.from(text))).toBe(undefined);
    },
  );

  test('has no capital digits in its checksum, so that there is one way to write it', () => {
    const lines = new LineBuffer();
    for (let number = 0; number < 9; number += 1) lines.add('K', String(number));
    const text = lines.bytes().toString('latin1');
    const capital = text.replace(/[a-f](?=[0-9a-f]* K)/g, (digit) => digit.toUpperCase());
    expect(capital).not.toBe(text);
    expect(read(Buffer.from(capital.slice(capital.search(/^.*[A-F].* K/m))))).toBe(undefined);
  });
});

describe('lines on their way to a file', () => {
  test('may be more than there is room for at first, and one may be longer', () => {
    const lines = new LineBuffer();
    const long = 'x'.repeat(3_000_000);
    lines.add('E', 'short');
    lines.add('E', long);
    lines.add('E', 'short again');
    const bytes = lines.bytes();
    const second = lineFeedAt(bytes, 0) + 1;
    expect(read(bytes, second)).toEqual(['E', long]);
    expect(read(bytes, lineFeedAt(bytes, second) + 1)).toEqual(['E', 'short again']);
  });

  test('are taken out from the beginning, and others may follow', () => {
    const lines = new LineBuffer();
    lines.add('E', 'one');
    lines.add('E', 'two');
    lines.drop(lineFeedAt(lines.bytes(), 0) + 1);
    lines.add('E', 'three');
    expect(read(lines.bytes())).toEqual(['E', 'two']);
    lines.drop(lines.length);
    expect([lines.length, lines.bytes().length]).toEqual([0, 0]);
  });
});
