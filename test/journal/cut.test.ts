import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIR, limits, Rig, RUNTIME_DISK } from './rig.ts';

/** What is remembered and how many events there are, after each whole line of a segment. */
type Prefixes = ReadonlySet<string>;

/** A journal of a few records of every kind, its files, and all that it has been. */
function sample(): { readonly rig: Rig; readonly files: Map<string, Buffer>; readonly prefixes: Prefixes } {
  const rig = new Rig();
  const prefixes = new Set(['0 ']);
  const values = new Map<string, string>();
  let last = 0;
  const note = (): void => {
    const remembered = [...values].map(([key, value]) => `unit/${key}=${value}`).sort();
    prefixes.add(`${last} ${remembered.join()}`);
  };
  const remember = (key: string, value: string): void => {
    rig.journal.remember('unit', key, JSON.parse(value));
    values.set(key, value);
    note();
  };
  const append = (label: string): void => {
    rig.append(label);
    last += 1;
    note();
  };
  for (const [key, value] of Object.entries({ web: '{"up":true}', db: '7', wéb: '"é\\n"' }))
    remember(key, value);
  append('web');
  rig.journal.flush();
  rig.limits = limits();
  rig.killAndOpen();
  append('db');
  remember('web', '{"up":false}');
  rig.journal.forget('unit', 'db');
  values.delete('db');
  note();
  append('web');
  append('a/label/with/parts');
  rig.journal.flush();
  rig.kill();
  return { rig, files: rig.files(), prefixes };
}

/** What was found, in the form of `Prefixes`. */
function foundOf(rig: Rig): string {
  return `${rig.found.lastSequence} ${rig.remembered().join()}`;
}

const SEGMENT = `${DIR}/0000000001.journal`;

describe('a journal that is cut', () => {
  const { rig, files, prefixes } = sample();
  const whole = files.get(SEGMENT) ?? expect.fail('no segment');
  const headEnds = whole.indexOf('\n', whole.indexOf(' K ')) + 1;

  /** Opens what is left when the segment holds these bytes. */
  const openWith = (bytes: Buffer): void => {
    rig.replaceFiles(new Map(files).set(SEGMENT, bytes));
    rig.open();
  };
  const done = (): void => {
    rig.kill();
  };

  test('at any byte recovers to a prefix, keeps its id, and goes on without a gap', () => {
    for (let cut = headEnds; cut <= whole.length; cut += 1) {
      openWith(whole.subarray(0, cut));
      expect(prefixes, `cut at ${cut}`).toContain(foundOf(rig));
      const { lastSequence } = rig.found;
      expect(rig.found).toMatchObject({ idChange: undefined, setAside: [] });
      rig.append('next');
      expect(rig.journal.lastSequence).toBe(lastSequence + 1);
      expect(rig.lines().map((line) => line.split(' ')[0])).toEqual(
        Array.from({ length: lastSequence + 1 }, (_, at) => String(at + 1)),
      );
      done();
      rig.open();
      expect(rig.found).toMatchObject({ lastSequence: lastSequence + 1, idChange: undefined });
      done();
    }
  });

  test('at any byte loses no line that was whole', () => {
    const sizes: number[] = [];
    for (let cut = headEnds; cut <= whole.length; cut += 1) {
      openWith(whole.subarray(0, cut));
      const kept = rig.bytes(SEGMENT);
      const lineEnds = whole.lastIndexOf('\n', cut - 1) + 1;
      expect(kept.subarray(0, lineEnds).equals(whole.subarray(0, lineEnds))).toBe(true);
      sizes.push(rig.found.lastSequence);
      done();
    }
    expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
    expect(sizes.at(-1)).toBe(4);
  });

  test('before its checkpoint is whole is set aside as a whole, under a new id', () => {
    const witness = files.get(`${RUNTIME_DISK}/journal/witness`)?.toString() ?? '';
    for (let cut = 0; cut < headEnds; cut += 1) {
      openWith(whole.subarray(0, cut));
      expect(foundOf(rig)).toBe('0 ');
      expect(rig.found.idChange).toBe('set-aside');
      expect(witness).not.toContain(rig.journal.journalId);
      const aside = `${DIR}/0000000001.set-aside`;
      expect(rig.found.setAside).toEqual([{ path: aside, fromBytes: 0, isMoved: true }]);
      expect(rig.bytes(aside).equals(whole.subarray(0, cut))).toBe(true);
      done();
    }
  });

  test('and changed anywhere before that recovers to a prefix too, and has a new id where something was believed lost', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: headEnds, max: whole.length }),
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (cut, at, change) => {
          const bytes = Buffer.from(whole.subarray(0, cut));
          const place = at % cut;
          bytes[place] = (bytes[place] ?? 0) ^ change;
          openWith(bytes);
          try {
            expect(prefixes).toContain(foundOf(rig));
            const good = place < headEnds ? 0 : whole.lastIndexOf('\n', place - 1) + 1;
            const rest = bytes.subarray(good);
            // What has no line feed is torn, and cut; anything else is evidence.
            const isTorn = good > 0 && !rest.includes('\n');
            expect(rig.found.setAside).toHaveLength(isTorn ? 0 : 1);
            expect(rig.found.idChange).toBe(isTorn ? undefined : 'set-aside');
            for (const { path, fromBytes } of rig.found.setAside) {
              expect(fromBytes).toBe(good);
              expect(rig.bytes(path).equals(rest)).toBe(true);
            }
            rig.append('next');
            rig.journal.flush();
            const { lastSequence } = rig.journal;
            expect(rig.killAndOpen()).toMatchObject({ lastSequence, idChange: undefined, setAside: [] });
          } finally {
            done();
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
