import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/protocol/bytes.ts';
import { LineCutter, type Read } from '../../src/protocol/framing.ts';
import { MAX_DESCRIPTORS, MAX_LINE_BYTES } from '../../src/protocol/limits.ts';
import { chunked, cutAll, keeper, read } from './lines.ts';

const texts = (reads: readonly Read<number>[]): string[] =>
  cutAll(reads).map(({ kind, text }) => `${kind} ${text}`);

describe('lines are cut', () => {
  test('at line feeds, one carriage return before each dropped', () => {
    expect(texts([read('a\nb\r\nc\r\r\n\n\r\n')])).toEqual([
      'line a',
      'line b',
      'line c\r',
      'line ',
      'line ',
    ]);
  });

  test('over any number of reads', () => {
    expect(texts([read('Ver'), read('s'), read(''), read('ion\nLi'), read('st\n')])).toEqual([
      'line Version',
      'line List',
    ]);
  });

  test('where carriage return and line feed come apart', () => {
    expect(texts([read('a\r'), read('\nb\r'), read('c\n')])).toEqual(['line a', 'line b\rc']);
  });

  test('with the offset of each in the stream', () => {
    const cutter = new LineCutter<number>();
    const begins: number[] = [];
    for (const text of ['ab', 'c\n\nde', '\nf\n']) {
      cutter.push(read(text), ({ beginsAt }) => begins.push(beginsAt) > 0);
    }
    expect(begins).toEqual([0, 4, 5, 8]);
  });

  test('the same however the stream is chunked', () => {
    const piece = fc.constantFrom('\n', '\r\n', '\r', 'a', 'Run,ls -l', '\xff', 'x'.repeat(40));
    const stream = fc.array(piece, { maxLength: 20 }).map((pieces) => bytesOf(pieces.join('')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (bytes, cuts) => {
        expect(cutAll(chunked(bytes, cuts))).toEqual(cutAll([{ bytes }]));
      }),
      { numRuns: 1000 },
    );
  });

  test('as a plain split of the whole stream would', () => {
    const stream = fc
      .array(fc.constantFrom('\n', 'a', 'b\r\n', '\r'), { maxLength: 30 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(stream, (text) => {
        const lines = text.split('\n');
        const last = lines.pop();
        const expected = lines.map((one) => `line ${one.replace(/\r$/, '')}`);
        expect(texts([read(text)])).toEqual(
          last === '' ? expected : [...expected, `unfinished ${last ?? ''}`],
        );
      }),
    );
  });

  test('with nothing kept once all lines are complete', () => {
    const cutter = new LineCutter<number>();
    const { take } = keeper();
    cutter.push(read('x'.repeat(100_000)), take);
    expect(cutter.keptBytes).toBeGreaterThanOrEqual(100_000);
    cutter.push(read('\nVersion\n'), take);
    expect(cutter.keptBytes).toBe(0);
  });
});

describe('a line over the limit', () => {
  const LONGEST = 'x'.repeat(MAX_LINE_BYTES);

  test.each([
    ['in one read', [1_048_576]],
    ['in reads of 64 KiB', Array.from({ length: 17 }, (_, index) => index * 65_536)],
    ['in reads that meet the limit', [1_048_575, 1_048_576, 1_048_577, 1_048_578]],
  ])('has one byte more than a megabyte, %s', (_, cuts) => {
    const kinds = (text: string): string[] => cutAll(chunked(bytesOf(text), cuts)).map(({ kind }) => kind);
    expect(kinds(`${LONGEST}\nVersion\n`)).toEqual(['line', 'line']);
    expect(kinds(`${LONGEST}\r\nVersion\n`)).toEqual(['line', 'line']);
    expect(kinds(`${LONGEST}x\nVersion\n`)).toEqual(['too-long', 'line']);
    expect(kinds(`${LONGEST}x\r\nVersion\n`)).toEqual(['too-long', 'line']);
    expect(kinds(`${LONGEST}\r\r\nVersion\n`)).toEqual(['too-long', 'line']);
  });

  test('is told once, with its beginning, and the next line is whole', () => {
    const reads = ['#tag,Run,', ...Array.from({ length: 40 }, () => 'x'.repeat(65_536)), '\nVersion\n'].map(
      (text) => read(text),
    );
    const [first, second, ...rest] = cutAll(reads);
    expect(first).toMatchObject({ kind: 'too-long', text: `#tag,Run,${'x'.repeat(291)}` });
    expect(second).toEqual({ kind: 'line', text: 'Version', descriptors: [] });
    expect(rest).toEqual([]);
  });

  test('keeps no more than its beginning', () => {
    const cutter = new LineCutter<number>();
    const { told, take } = keeper();
    for (let megabytes = 0; megabytes < 8; megabytes += 1) {
      cutter.push(read('x'.repeat(1024 * 1024)), take);
      expect(cutter.keptBytes).toBeLessThanOrEqual(MAX_LINE_BYTES + 1);
    }
    expect(cutter.keptBytes).toBeLessThan(1024);
    expect(told).toEqual([]);
  });

  test('is told at the end of the input where no line feed comes', () => {
    expect(cutAll([read(`${LONGEST}xx`)])).toMatchObject([{ kind: 'too-long' }]);
    expect(cutAll([read(LONGEST), read('xx')])).toMatchObject([{ kind: 'too-long' }]);
  });

  test('takes the descriptors that came for it, whenever they came', () => {
    const reads = [
      read('a\nRun,', 1),
      read('x'.repeat(2 * MAX_LINE_BYTES), 2),
      read('x\nb\n', 3),
      read('c\n'),
    ];
    expect(cutAll(reads).map(({ kind, descriptors }) => [kind, descriptors])).toEqual([
      ['line', []],
      ['too-long', [1, 2]],
      ['line', [3]],
      ['line', []],
    ]);
  });
});

describe('descriptors go to the last line that begins in their read', () => {
  const given = (reads: readonly Read<number>[]): string[] =>
    cutAll(reads).map(({ text, descriptors }) => `${text}:${descriptors.join('+')}`);

  test('which is the only one', () => {
    expect(given([read('Run,cat\n', 7, 8)])).toEqual(['Run,cat:7+8']);
  });

  test('which earlier lines precede', () => {
    expect(given([read('Version\nList\nRun,cat\n', 7)])).toEqual(['Version:', 'List:', 'Run,cat:7']);
  });

  test('which the rest of an earlier line precedes', () => {
    expect(given([read('Vers'), read('ion\nRun,cat\n', 7)])).toEqual(['Version:', 'Run,cat:7']);
  });

  test('which later reads complete', () => {
    expect(given([read('Version\nRun,c', 7), read('a'), read('t\nList\n')])).toEqual([
      'Version:',
      'Run,cat:7',
      'List:',
    ]);
  });

  test('which the read holds up to its very end', () => {
    expect(given([read('Run,cat', 7), read('\nList\n')])).toEqual(['Run,cat:7', 'List:']);
    expect(given([read('Run,cat\n', 7), read('List\n')])).toEqual(['Run,cat:7', 'List:']);
  });

  test('which is one byte long, or empty', () => {
    expect(given([read('a\nR', 7), read('un\n')])).toEqual(['a:', 'Run:7']);
    expect(given([read('a\n\n', 7), read('b\n')])).toEqual(['a:', ':7', 'b:']);
    expect(given([read('\n', 7), read('\n', 8)])).toEqual([':7', ':8']);
  });

  test('and to the line under way where none begins in it', () => {
    expect(given([read('Run,'), read('cat\n', 7), read('List\n')])).toEqual(['Run,cat:7', 'List:']);
    expect(given([read('Run,', 7), read('ca', 8), read('t\n', 9)])).toEqual(['Run,cat:7+8+9']);
  });

  test('though the next message with descriptors comes before that line is cut', () => {
    expect(given([read('A', 1), read('\nB', 2), read('\nC', 3), read('\n')])).toEqual(['A:1', 'B:2', 'C:3']);
  });

  test('whatever a client sends and however the kernel cuts it', () => {
    // Messages of one line, some with a descriptor; reads end anywhere, and always with a message that carried one.
    const message = fc.record({ text: fc.stringMatching(/^[ab]{0,5}$/), hasDescriptor: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
        (messages, sizes) => {
          const reads: Read<number>[] = [];
          let waiting = '';
          const drain = (descriptors: number[]): void => {
            const size = sizes[reads.length % sizes.length] ?? 1;
            reads.push(read(waiting.slice(0, size), ...descriptors));
            waiting = waiting.slice(size);
          };
          messages.forEach(({ text, hasDescriptor }, index) => {
            if (!hasDescriptor) {
              waiting += `${text}\n`;
              return;
            }
            // The read that takes the first byte of this message brings the descriptor, whatever stands before it.
            while (waiting.length > 4) drain([]);
            const size = waiting.length + 1 + (index % 3);
            waiting += `${text}\n`;
            const end = Math.min(size, waiting.length);
            reads.push(read(waiting.slice(0, end), index));
            waiting = waiting.slice(end);
            while (waiting !== '') drain([]);
          });
          while (waiting !== '') drain([]);
          expect(given(reads)).toEqual(
            messages.map(({ text, hasDescriptor }, index) => `${text}:${hasDescriptor ? index : ''}`),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('the limit of descriptors', () => {
  const numbers = Array.from({ length: MAX_DESCRIPTORS }, (_, index) => index);

  test('is sixteen for a line', () => {
    expect(cutAll([read('Run\n', ...numbers)])).toEqual([
      { kind: 'line', text: 'Run', descriptors: numbers },
    ]);
    expect(cutAll([read('Run\n', ...numbers, 16)])).toEqual([
      { kind: 'descriptor-limit', text: 'Run', descriptors: [...numbers, 16] },
    ]);
  });

  test('is not that of a connection', () => {
    expect(cutAll([read('A\n', ...numbers), read('B\n', ...numbers)]).map(({ kind }) => kind)).toEqual([
      'line',
      'line',
    ]);
  });

  test('counts what several reads brought for one line', () => {
    const told = cutAll([read('#t,R', ...numbers), read('un', 16)]);
    expect(told[0]).toEqual({ kind: 'descriptor-limit', text: '#t,Run', descriptors: [...numbers, 16] });
  });

  test('is told at once, behind the lines that were complete before', () => {
    const cutter = new LineCutter<number>();
    const { told, take } = keeper();
    cutter.push(read('Version\n#t,Ru', ...numbers, 16), take);
    expect(told.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'line Version',
      'descriptor-limit #t,Ru',
    ]);
  });

  test('is also passed where the kernel had to drop some, even all', () => {
    const bytes = bytesOf('Version\nRun\n');
    expect(cutAll([{ bytes, descriptors: [1], truncated: true }])).toEqual([
      { kind: 'line', text: 'Version', descriptors: [] },
      { kind: 'descriptor-limit', text: 'Run', descriptors: [1] },
    ]);
    expect(cutAll([{ bytes, truncated: true }]).map(({ kind }) => kind)).toEqual([
      'line',
      'descriptor-limit',
    ]);
  });
});

describe('a taker that wants no more', () => {
  test('gets the rest when it asks, with descriptors in their place', () => {
    const cutter = new LineCutter<number>();
    const told: string[] = [];
    const takeOne = ({
      bytes,
      descriptors,
    }: {
      bytes: Uint8Array;
      descriptors: readonly number[];
    }): boolean => {
      told.push(`${String.fromCharCode(...bytes)}:${descriptors.join('+')}`);
      return false;
    };
    cutter.push(read('A\nB\nC', 1), takeOne);
    expect(told).toEqual(['A:']);
    expect(cutter.isHeld).toBe(true);
    cutter.push(read('\nD\n', 2), takeOne);
    expect(told).toEqual(['A:']);
    for (let times = 0; times < 3; times += 1) cutter.resume(takeOne);
    expect(told).toEqual(['A:', 'B:', 'C:1', 'D:2']);
    cutter.resume(takeOne);
    expect(cutter.isHeld).toBe(false);
    expect(told).toHaveLength(4);
  });

  test.each([
    ['an array', bytesOf],
    ['a Buffer, whose slices are no copies', (text: string) => Buffer.from(text)],
  ])('has bytes kept for it that the reader may overwrite, be they %s', (_, made) => {
    const cutter = new LineCutter<number>();
    const { told, take } = keeper();
    const bytes = made('A\nB\nC\nhalf');
    cutter.push({ bytes }, () => false);
    bytes.fill(0x7a);
    cutter.resume(take);
    cutter.push(read('\n'), take);
    expect(told.map(({ text }) => text)).toEqual(['B', 'C', 'half']);
  });

  test('sees the same lines wherever it stops', () => {
    const stream = fc
      .array(fc.constantFrom('\n', 'a', 'bc', '\r\n'), { maxLength: 30 })
      .map((all) => bytesOf(all.join('')));
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.nat()),
        fc.array(fc.boolean(), { minLength: 1 }),
        (bytes, cuts, wants) => {
          const cutter = new LineCutter<number>();
          const { told, take } = keeper();
          const takeSome = (cut: Parameters<typeof take>[0]): boolean =>
            take(cut) && wants[told.length % wants.length] === true;
          for (const one of chunked(bytes, cuts)) cutter.push(one, takeSome);
          while (cutter.isHeld) cutter.resume(takeSome);
          cutter.end(take);
          expect(told).toEqual(cutAll([{ bytes }]));
        },
      ),
    );
  });
});

describe('the end of the input', () => {
  test('inside a line tells the line as unfinished, with what came for it', () => {
    expect(cutAll([read('Version\n#7,Run,rm', 7)])).toEqual([
      { kind: 'line', text: 'Version', descriptors: [] },
      { kind: 'unfinished', text: '#7,Run,rm', descriptors: [7] },
    ]);
  });

  test('behind a line feed tells nothing, and neither does an empty input', () => {
    expect(texts([read('Version\n')])).toEqual(['line Version']);
    expect(cutAll([])).toEqual([]);
  });

  test('is told once', () => {
    const cutter = new LineCutter<number>();
    const { told, take } = keeper();
    cutter.push(read('half'), take);
    cutter.end(take);
    cutter.end(take);
    expect(told).toHaveLength(1);
  });
});

test('what is released are the descriptors that no line was given', () => {
  const cutter = new LineCutter<number>();
  const { take } = keeper();
  cutter.push(read('A\n', 1), take);
  cutter.push(read('B\nhalf', 2, 3), () => false);
  cutter.push(read('\nmore', 4), take);
  expect(cutter.release()).toEqual([2, 3, 4]);
  expect(cutter.release()).toEqual([]);
  expect(cutter.keptBytes).toBe(0);
});
