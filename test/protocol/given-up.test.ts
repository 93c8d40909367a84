import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineCutter } from '../../src/protocol/framing.ts';
import { MAX_LINE_BYTES } from '../../src/protocol/limits.ts';
import { PartialLine } from '../../src/protocol/partial-line.ts';
import { keeper, line, read } from './lines.ts';

describe('a line that is given up', () => {
  test('is told at its end, with its beginning, and the next line is whole', () => {
    const cutter = new LineCutter<number>();
    const { told, take } = keeper();
    cutter.push(read('List\n#tag,Run,'), take);
    cutter.push(read('x'.repeat(100_000), 4), take);
    expect([cutter.keptBytes >= 100_000, cutter.keptDescriptors]).toEqual([true, 1]);
    expect(cutter.giveUp()).toEqual([4]);
    expect([cutter.keptBytes <= 300, cutter.keptDescriptors]).toEqual([true, 0]);
    cutter.push(read('y'.repeat(100_000), 5), take);
    expect([cutter.keptBytes <= 300, cutter.keptDescriptors]).toEqual([true, 1]);
    cutter.push(read('\nVersion\nVers'), take);
    cutter.push(read('ion\n', 6), take);
    expect(told.map(({ kind, text, descriptors }) => [kind, text.slice(0, 9), descriptors])).toEqual([
      ['line', 'List', []],
      ['given-up', '#tag,Run,', [5]],
      ['line', 'Version', []],
      ['line', 'Version', [6]],
    ]);
  });

  test('is told at the end of the input too, and not as too long', () => {
    const cutter = new LineCutter<number>();
    const { told, take } = keeper();
    cutter.push(read('Run'), take);
    cutter.giveUp();
    cutter.push(read('x'.repeat(2 * MAX_LINE_BYTES)), take);
    cutter.end(take);
    expect(told).toEqual([{ kind: 'given-up', text: 'Run', descriptors: [] }]);
  });

  test('is none where none is under way, or lines are held back', () => {
    const cutter = new LineCutter<number>();
    const { told, take } = keeper();
    expect(cutter.giveUp()).toEqual([]);
    cutter.push(read('Version\n', 1), take);
    expect(cutter.giveUp()).toEqual([]);
    cutter.push(read('a\nb\nc', 2), () => false);
    expect(cutter.giveUp()).toEqual([]);
    expect(cutter.keptDescriptors).toBe(1);
    cutter.resume(take);
    cutter.end(take);
    expect(told.map(({ kind, text, descriptors }) => [kind, text, descriptors])).toEqual([
      ['line', 'Version', [1]],
      ['line', 'b', []],
      ['unfinished', 'c', [2]],
    ]);
  });
});

describe('a line that comes in pieces', () => {
  test('is joined as it was, whatever the pieces, and keeps nothing afterwards', () => {
    const piece = fc
      .oneof(fc.nat(2000), fc.nat(40_000))
      .map((size) => 'abcdefghijk'.repeat(size).slice(0, size));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const partial = new PartialLine();
        for (const one of pieces) partial.add(line(one));
        const all = pieces.join('');
        expect(partial.bytes).toBe(all.length);
        expect(Buffer.from(partial.head(300)).toString('latin1')).toBe(all.slice(0, 300));
        expect(Buffer.from(partial.join()).toString('latin1')).toBe(all);
        expect([partial.bytes, partial.keptBytes]).toEqual([0, 0]);
      }),
    );
  });
});
