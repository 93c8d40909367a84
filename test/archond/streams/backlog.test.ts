import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Backlog, type BacklogReader } from '../../../src/archond/streams/backlog.ts';

type Deed =
  | { readonly kind: 'add'; readonly length: number }
  | { readonly kind: 'take'; readonly which: number }
  | { readonly kind: 'close'; readonly which: number }
  | { readonly kind: 'join' }
  | { readonly kind: 'tidy' };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  /* Small ones, some that fill a piece, and some that are larger than any. */
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(4000, 4096, 70_000)),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('take' as const), which: fc.nat({ max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), which: fc.nat({ max: 5 }) }) },
  { weight: 2, arbitrary: fc.constantFrom<Deed>({ kind: 'join' }, { kind: 'tidy' }) },
);

interface Follower {
  readonly reader: BacklogReader;
  /** What it should have got, and has. */
  wanted: string;
  got: string;
}

/** Takes one piece; what was taken is copied, for it is valid only until more is added. */
function take(follower: Follower): boolean {
  const bytes = follower.reader.take();
  if (bytes === undefined) return false;
  follower.got += Buffer.from(bytes).toString('latin1');
  return true;
}

describe('a backlog', () => {
  test('gives each reader all that was added since it came, once and in order, whatever the others do', () => {
    const property = fc.property(fc.array(deed, { maxLength: 200 }), (deeds) => {
      const backlog = new Backlog();
      let followers: Follower[] = [];
      let count = 0;
      for (const one of deeds) {
        if (one.kind === 'add') {
          count += 1;
          const text = `${count} `.padEnd(one.length, '.');
          backlog.add(text);
          for (const follower of followers) follower.wanted += text;
        } else if (one.kind === 'join') {
          followers.push({ reader: backlog.read(), wanted: '', got: '' });
        } else if (one.kind === 'tidy') {
          backlog.tidy();
        } else {
          const follower = followers[one.which];
          if (follower === undefined) continue;
          if (one.kind === 'take') take(follower);
          else follower.reader.close();
          if (one.kind === 'close') followers = followers.filter((other) => other !== follower);
        }
        for (const { reader, wanted, got } of followers)
          expect(reader.waitingBytes).toBe(wanted.length - got.length);
      }
      for (const follower of followers) {
        while (take(follower));
        expect(follower.got).toBe(follower.wanted);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('holds what several slow readers have not read once, not once for each', () => {
    const before = process.memoryUsage().arrayBuffers;
    const backlog = new Backlog();
    const readers = Array.from({ length: 100 }, () => backlog.read());
    const text = 'x'.repeat(1000);
    for (let added = 0; added < 8 * 1024 * 1024; added += text.length) backlog.add(text);
    for (const reader of readers) expect(reader.waitingBytes).toBe(backlog.endBytes);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });
});
