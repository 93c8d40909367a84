import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ok } from '../../src/base/result.ts';
import { LineBuffer, payloadOf, type Line } from '../../src/journal/line.ts';
import { BackwardReader, ForwardReader, PIECE_BYTES, type ReadBytes } from '../../src/journal/reader.ts';

/** A file of lines with these payloads, and something behind them. */
function fileOf(payloads: readonly string[], rest = ''): Buffer {
  const lines = new LineBuffer();
  for (const payload of payloads) lines.add('E', payload);
  return Buffer.concat([lines.bytes(), Buffer.from(rest)]);
}

/** Reads like a file, and takes note of the largest piece. */
function readerOver(file: Buffer): { readonly read: ReadBytes; largest: number } {
  const made = {
    largest: 0,
    read: (offset: number, length: number) => {
      made.largest = Math.max(made.largest, length);
      return ok(Uint8Array.prototype.slice.call(file, offset, offset + length));
    },
  };
  return made;
}

function forward(file: Buffer, from = 0, end = Infinity): { readonly seen: string[]; readonly last: string } {
  const seen: string[] = [];
  const reader = new ForwardReader(readerOver(file).read, from, end);
  for (;;) {
    const piece = reader.next((bytes, line) => seen.push(payloadOf(bytes, line)) > 0);
    if (piece.kind !== 'more') return { seen, last: piece.kind };
  }
}

function backward(file: Buffer, end = file.length): string[] {
  const seen: string[] = [];
  const reader = new BackwardReader(readerOver(file).read, end);
  const visit = (bytes: Buffer, line: Line): boolean => seen.push(payloadOf(bytes, line)) > 0;
  while (reader.next(visit).kind === 'more');
  return seen;
}

/** Payloads of which a few are longer than a piece. */
const payloads = fc
  .array(
    fc.oneof(
      { arbitrary: fc.nat(200), weight: 20 },
      { arbitrary: fc.integer({ min: PIECE_BYTES - 40, max: 3 * PIECE_BYTES }), weight: 1 },
    ),
    { maxLength: 400, size: 'max' },
  )
  .map((lengths) => lengths.map((length, at) => `${at} ${'x'.repeat(length)}`));

describe('the lines of a segment', () => {
  test('come in their order, or in the opposite one, wherever the pieces are cut', () => {
    fc.assert(
      fc.property(payloads, (given) => {
        const file = fileOf(given);
        expect(forward(file)).toEqual({ seen: given, last: 'end' });
        expect(backward(file)).toEqual([...given].reverse());
      }),
      { numRuns: 30 },
    );
  });

  test('are read in pieces of which none is larger than it has to be', () => {
    const given = Array.from({ length: 5000 }, (_, at) => `${at} ${'x'.repeat(200)}`);
    const over = readerOver(fileOf(given));
    const reader = new ForwardReader(over.read, 0, Infinity);
    let pieces = 1;
    while (reader.next(() => true).kind === 'more') pieces += 1;
    expect([over.largest, pieces]).toEqual([PIECE_BYTES, Math.ceil(fileOf(given).length / PIECE_BYTES)]);
  });

  test('end where they are told to end, whatever comes then', () => {
    const first = fileOf(['one', 'two']);
    const file = Buffer.concat([first, fileOf(['three'])]);
    expect(forward(file, 0, first.length)).toEqual({ seen: ['one', 'two'], last: 'end' });
    expect(forward(file, fileOf(['one']).length)).toEqual({ seen: ['two', 'three'], last: 'end' });
    expect(backward(file, first.length)).toEqual(['two', 'one']);
  });

  test('are none in an empty file', () => {
    expect(forward(Buffer.alloc(0))).toEqual({ seen: [], last: 'end' });
    expect(backward(Buffer.alloc(0))).toEqual([]);
  });

  test.each([
    ['a line without end', '0123abcd E x', 'torn'],
    ['zeros without end', '\0'.repeat(5000), 'torn'],
    ['a line of zeros', `${'\0'.repeat(50)}\n`, 'damaged'],
    ['an empty line', '\n', 'damaged'],
    ['a long line without end', 'x'.repeat(3 * PIECE_BYTES), 'torn'],
  ])('that are whole come before %s', (_, rest, last) => {
    const given = ['one', 'two'];
    expect(forward(fileOf(given, rest))).toEqual({ seen: given, last });
    expect(backward(fileOf(given, rest))).toEqual(['two', 'one']);
  });

  test('that are refused come again', () => {
    const reader = new ForwardReader(readerOver(fileOf(['one', 'two', 'three'])).read, 0, Infinity);
    const seen: string[] = [];
    const upTo = (most: number) => (bytes: Buffer, line: Line) =>
      seen.length < most && seen.push(payloadOf(bytes, line)) > 0;
    expect(reader.next(upTo(1)).kind).toBe('refused');
    expect(reader.offset).toBe(fileOf(['one']).length);
    expect(reader.next(upTo(9)).kind).toBe('end');
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  test('tell where they begin, also on the way back', () => {
    const file = fileOf(['one', 'two', 'three']);
    const offsets: number[] = [];
    new BackwardReader(readerOver(file).read, file.length).next((_, __, offset) => offsets.push(offset) > 0);
    expect(offsets).toEqual([fileOf(['one', 'two']).length, fileOf(['one']).length, 0]);
  });

  test('cannot be read where the file cannot', () => {
    const error = { code: 'EIO', errno: 5, call: 'read' };
    const read: ReadBytes = () => ({ ok: false, error });
    expect(new ForwardReader(read, 0, Infinity).next(() => true)).toEqual({ kind: 'failed', error });
    expect(new BackwardReader(read, 10).next(() => true)).toEqual({ kind: 'failed', error });
  });
});
