import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, MAX_LINE_BYTES } from '../../src/logs/line-splitter.ts';

interface Given {
  readonly text: string;
  readonly startBytes: number;
}

function collecting(atBytes = 0): { readonly splitter: LineSplitter; readonly given: Given[] } {
  const given: Given[] = [];
  const splitter = new LineSplitter(atBytes, ({ bytes, startBytes }) =>
    given.push({ text: Buffer.from(bytes).toString('latin1'), startBytes }),
  );
  return { splitter, given };
}

describe('a splitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const text = fc.stringMatching(/^[ab\n]*$/);
    fc.assert(
      fc.property(text, fc.array(fc.nat(8)), (all, cuts) => {
        const { splitter, given } = collecting(100);
        let at = 0;
        for (const cut of cuts) {
          splitter.push(Buffer.from(all.slice(at, at + cut)));
          at += cut;
        }
        splitter.push(Buffer.from(all.slice(at)));
        const lines = all.split('\n');
        const open = lines.pop() ?? '';
        expect(given.map((line) => line.text)).toEqual(lines);
        let start = 100;
        expect(given.map(({ startBytes }) => startBytes)).toEqual(
          lines.map((line) => (start += line.length + 1) - line.length - 1),
        );
        expect([splitter.atBytes, splitter.givenBytes]).toEqual([
          100 + all.length,
          100 + all.length - open.length,
        ]);
        splitter.flush();
        expect(given.slice(lines.length).map((line) => line.text)).toEqual(open === '' ? [] : [open]);
        expect(splitter.givenBytes).toBe(splitter.atBytes);
      }),
    );
  });

  it('gives a long line in pieces, the same ones however the bytes are cut', () => {
    const long = Buffer.alloc(2 * MAX_LINE_BYTES + 7, 'x');
    const all = Buffer.concat([Buffer.from('a\n'), long, Buffer.from('\nb\n')]);
    for (const cut of [1000, 65_536, MAX_LINE_BYTES, all.length]) {
      const { splitter, given } = collecting();
      for (let at = 0; at < all.length; at += cut) splitter.push(all.subarray(at, at + cut));
      expect(given.map((line) => [line.text.length, line.startBytes])).toEqual([
        [1, 0],
        [MAX_LINE_BYTES, 2],
        [MAX_LINE_BYTES, 2],
        [7, 2],
        [1, 3 + long.length],
      ]);
    }
  });

  it('keeps no more of a line without end than a piece', () => {
    const { splitter, given } = collecting();
    for (let count = 0; count < 100; count += 1) splitter.push(Buffer.alloc(65_536, 'x'));
    expect(splitter.atBytes - splitter.givenBytes).toBeLessThanOrEqual(MAX_LINE_BYTES);
    expect(given.every((line) => line.text.length === MAX_LINE_BYTES && line.startBytes === 0)).toBe(true);
  });

  it('gives what follows a flush as a piece of the same line', () => {
    const { splitter, given } = collecting();
    splitter.push(Buffer.from('bye'));
    splitter.flush();
    splitter.push(Buffer.from('hello\nnext\n'));
    expect(given).toEqual([
      { text: 'bye', startBytes: 0 },
      { text: 'hello', startBytes: 0 },
      { text: 'next', startBytes: 9 },
    ]);
  });
});
