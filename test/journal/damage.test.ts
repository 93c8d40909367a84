import { describe, expect, test } from 'vitest';
import { LineBuffer, type LineType } from '../../src/journal/line.ts';
import { DIR, limits, Rig, STATE_DISK } from './rig.ts';

const segment = (ordinal: number): string => `${DIR}/${String(ordinal).padStart(10, '0')}.journal`;
const aside = (ordinal: number): string => segment(ordinal).replace(/journal$/, 'set-aside');

/** A journal of several segments, each with an event and a change of the same value; dead. */
function several(count = 4): Rig {
  const rig = new Rig();
  rig.limits = limits({ segmentBytes: 1 });
  rig.killAndOpen();
  for (let number = 1; number <= count; number += 1) {
    rig.appendLarge(`number ${number}`);
    rig.journal.remember('unit', 'web', number);
    rig.journal.flush();
  }
  rig.limits = limits();
  rig.kill();
  expect(rig.segments()).toHaveLength(count);
  return rig;
}

/** Changes one byte of a file, counted from its end if `at` is negative. */
function spoil(rig: Rig, path: string, at: number): void {
  const bytes = rig.bytes(path);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  rig.disk.overwrite(path, bytes);
}

/** A line as it stands in a file. */
function line(type: string, payload: string): string {
  const lines = new LineBuffer();
  lines.add(type as LineType, payload);
  return lines.bytes().toString('latin1');
}

/** Adds text to a file behind archond's back. */
function addTo(rig: Rig, path: string, ...more: string[]): void {
  rig.disk.overwrite(path, Buffer.concat([rig.bytes(path), Buffer.from(more.join(''), 'latin1')]));
}

describe('a segment that is damaged', () => {
  test('at its end is used up to there, the rest is named, and the id changes', () => {
    const rig = several();
    const { length } = rig.bytes(segment(4));
    spoil(rig, segment(4), -3);
    rig.open();
    const [piece] = rig.found.setAside;
    expect(rig.found).toMatchObject({ idChange: 'set-aside', lastSequence: 4 });
    expect(piece).toMatchObject({ path: aside(4), isMoved: true });
    expect(rig.remembered()).toEqual(['unit/web=3']);
    expect(rig.bytes(segment(4)).length + rig.bytes(aside(4)).length).toBe(length);
    expect(rig.lines()).toEqual(['1 number 1', '2 number 2', '3 number 3', '4 number 4']);
    rig.append('five');
    expect(rig.lines({ after: 4 })).toEqual(['5 five']);
  });

  test('in its head is put away as a whole, and the one before it is used', () => {
    const rig = several();
    spoil(rig, segment(4), 20);
    rig.open();
    expect(rig.found).toMatchObject({ idChange: 'set-aside', lastSequence: 3 });
    expect(rig.found.setAside).toEqual([{ path: aside(4), fromBytes: 0, isMoved: true }]);
    expect(rig.remembered()).toEqual(['unit/web=3']);
    rig.append('another 4');
    expect(rig.lines()).toEqual(['1 number 1', '2 number 2', '3 number 3', '4 another 4']);
    expect(rig.segments()).toEqual([segment(1), segment(2), segment(3), segment(5)]);
  });

  test('is passed over, as many as there are', () => {
    const rig = several();
    for (const ordinal of [2, 3, 4]) spoil(rig, segment(ordinal), 20);
    rig.open();
    expect(rig.found.setAside.map(({ path }) => path)).toEqual([aside(4), aside(3), aside(2)]);
    expect(rig.found).toMatchObject({ lastSequence: 1 });
    expect(rig.remembered()).toEqual(['unit/web=1']);
  });

  test('is the end of all knowledge where there is no other', () => {
    const rig = several(1);
    spoil(rig, segment(1), 20);
    expect(rig.open()).toMatchObject({ idChange: 'set-aside', lastSequence: 0, remembered: [] });
    rig.append('one');
    expect(rig.lines()).toEqual(['1 one']);
  });

  test('on a disk that is read-only stays where it is, and is named all the same', () => {
    const rig = several();
    spoil(rig, segment(4), -3);
    const repair = rig.disk.makeReadOnly(STATE_DISK);
    rig.open();
    expect(rig.found.setAside).toMatchObject([{ path: segment(4), isMoved: false }]);
    expect(rig.found).toMatchObject({ idChange: 'set-aside', lastSequence: 4 });
    rig.append('five');
    rig.journal.flush();
    repair();
    rig.retry();
    const wanted = ['1 number 1', '2 number 2', '3 number 3', '4 number 4', '5 five'];
    expect(rig.lines()).toEqual(wanted);
    rig.killAndOpen();
    expect([rig.found.setAside, rig.lines()]).toEqual([[], wanted]);
    expect(rig.remembered()).toEqual(['unit/web=3']);
  });

  test('long before is noticed when it is read: there is a gap, and less counts as kept', () => {
    const rig = several();
    spoil(rig, segment(2), rig.bytes(segment(2)).lastIndexOf('number 2'));
    rig.open();
    expect(rig.found).toMatchObject({ idChange: undefined, setAside: [] });
    expect(rig.journal.firstKept()).toBe(1);
    expect(rig.lines({ after: 0 })).toEqual(['1 number 1', 'gap', '3 number 3', '4 number 4']);
    expect(rig.journal.firstKept()).toBe(3);
    expect(rig.lines({ after: 2 })).toEqual(['3 number 3', '4 number 4']);
    expect(rig.lines({ last: 3 })).toEqual(['1 number 1', 'gap', '3 number 3', '4 number 4']);
  });

  test('long before in its head is a gap as well', () => {
    const rig = several();
    spoil(rig, segment(1), 20);
    rig.open();
    expect(rig.journal.firstKept()).toBe(2);
    expect(rig.lines()).toEqual(['gap', '2 number 2', '3 number 3', '4 number 4']);
  });

  test('because somebody has removed it is one more', () => {
    const rig = several();
    rig.control.kernel.files.remove(segment(3));
    rig.open();
    expect(rig.journal.firstKept()).toBe(4);
    expect(rig.lines()).toEqual(['1 number 1', '2 number 2', 'gap', '4 number 4']);
    expect(rig.lines({ after: 3 })).toEqual(['4 number 4']);
  });

  test('by a second event of the same number, or one too high, ends before it', () => {
    for (const sequence of [4, 6]) {
      const rig = several();
      addTo(rig, segment(4), line('E', `${sequence} 1 ["x","note"]`), line('E', '5 1 ["y","note"]'));
      rig.open();
      expect(rig.found).toMatchObject({ lastSequence: 4, idChange: 'set-aside' });
      expect(rig.bytes(aside(4)).toString('latin1')).toContain('["y","note"]');
    }
  });

  test('by a second head or checkpoint ends before it', () => {
    for (const type of ['H', 'K']) {
      const rig = several();
      addTo(rig, segment(4), line(type, '0'));
      expect(rig.open()).toMatchObject({ lastSequence: 4, idChange: 'set-aside' });
      expect(rig.remembered()).toEqual(['unit/web=4']);
    }
  });

  test('in the count of its checkpoint is not believed', () => {
    const rig = several(2);
    const text = rig.bytes(segment(2)).toString('latin1');
    rig.disk.overwrite(
      segment(2),
      Buffer.from(text.replace(/^.*\n/m, '$&').replace(/^.* R .*\n/m, ''), 'latin1'),
    );
    expect(rig.open()).toMatchObject({ lastSequence: 1, idChange: 'set-aside' });
  });

  test('is kept as evidence until the segments of its time go, and not more than 16 of them', () => {
    const rig = several(30);
    for (let ordinal = 10; ordinal <= 30; ordinal += 1) spoil(rig, segment(ordinal), 20);
    rig.open();
    const evidence = (): string[] => rig.paths(DIR).filter((path) => path.endsWith('set-aside'));
    expect(evidence()).toHaveLength(16);
    rig.limits = limits({ segmentBytes: 1, retainSegments: 2 });
    rig.killAndOpen();
    for (let time = 0; time < 4; time += 1) {
      rig.appendLarge('x');
      rig.journal.flush();
      rig.control.settle();
    }
    expect(rig.segments()).toHaveLength(2);
    expect(evidence()).toEqual([]);
  });
});

describe('what a later version has written', () => {
  test('in lines of types that are not known is skipped, and stays', () => {
    const rig = several(1);
    addTo(rig, segment(1), line('X', 'something else'), line('E', '2 1 ["two","note"]'), line('Z', ''));
    expect(rig.open()).toMatchObject({ lastSequence: 2, idChange: undefined, setAside: [] });
    rig.append('three');
    expect(rig.lines()).toEqual(['1 number 1', '2 two', '3 three']);
    expect(rig.bytes(segment(1)).toString('latin1')).toContain(line('X', 'something else'));
  });

  test('in values of kinds that are not known is kept, over rotations too', () => {
    const rig = several(1);
    addTo(rig, segment(1), line('R', '5 ["later-kind","key",{"of":["a","later","version"]}]'));
    rig.limits = limits({ segmentBytes: 1 });
    rig.open();
    for (let number = 0; number < 5; number += 1) {
      rig.appendLarge('x');
      rig.journal.flush();
    }
    rig.killAndOpen();
    expect(rig.segments().length).toBeGreaterThan(4);
    expect(rig.remembered()).toEqual(['later-kind/key={"of":["a","later","version"]}', 'unit/web=1']);
  });

  test('in another format is set aside, not read as if it were ours', () => {
    const rig = several(2);
    rig.disk.overwrite(segment(2), Buffer.from(line('H', '{"format":2,"segment":"x"}') + line('K', '0')));
    expect(rig.open()).toMatchObject({ lastSequence: 1, idChange: 'set-aside' });
    expect(rig.found.setAside).toEqual([{ path: aside(2), fromBytes: 0, isMoved: true }]);
  });

  test('beside the segments in the folder is left alone', () => {
    const rig = several(2);
    const more = { kind: 'file', mode: 0o600, uid: 0, changedAtNs: 0n } as const;
    const own = [`${DIR}/README`, `${DIR}/1.journal`, `${DIR}/0000000009.journal.gz`];
    for (const path of own) rig.control.kernel.files.put(path, { ...more, chunks: [Buffer.from('x')] });
    rig.control.kernel.files.put(`${segment(9)}.new`, { ...more, chunks: [Buffer.from('half-made')] });
    expect(rig.open()).toMatchObject({ lastSequence: 2, setAside: [] });
    expect(rig.paths(DIR)).toEqual(expect.arrayContaining(own));
    expect(rig.paths(DIR)).not.toContain(`${segment(9)}.new`);
  });
});

describe('a loss of power', () => {
  test('that leaves an empty file in the place of the newest segment makes the one before it count', () => {
    const rig = several(3);
    rig.disk.overwrite(segment(3), Buffer.alloc(0));
    expect(rig.rebootAndOpen((_, size) => size)).toMatchObject({ lastSequence: 2, idChange: 'set-aside' });
    expect(rig.remembered()).toEqual(['unit/web=2']);
  });

  test('that leaves zeros at the end has them cut', () => {
    const rig = several(1);
    addTo(rig, segment(1), '\0'.repeat(4096));
    expect(rig.rebootAndOpen((_, size) => size)).toMatchObject({ lastSequence: 1, idChange: 'unclean-boot' });
    expect(rig.found.setAside).toEqual([]);
  });

  test('that leaves zeros between whole lines makes what is behind them evidence', () => {
    const rig = several(1);
    addTo(rig, segment(1), '\0'.repeat(512), line('E', '9 1 ["x","note"]'));
    expect(rig.rebootAndOpen((_, size) => size)).toMatchObject({ lastSequence: 1, idChange: 'set-aside' });
    expect(rig.bytes(aside(1)).length).toBeGreaterThan(512);
  });

  test('takes nothing that a sync has confirmed', () => {
    const rig = new Rig();
    rig.limits = limits({ segmentBytes: 200 });
    rig.killAndOpen();
    for (let number = 1; number <= 40; number += 1) {
      rig.append(`number ${number}`);
      rig.journal.remember('enabled', `unit ${number % 5}`, number);
      if (number % 3 === 0) rig.journal.flush();
      if (number === 37) expect(rig.sync()).toBe('ok');
    }
    rig.journal.flush();
    rig.rebootAndOpen();
    expect(rig.found.lastSequence).toBeGreaterThanOrEqual(37);
    expect(rig.lines().slice(0, 37)).toEqual(
      Array.from({ length: 37 }, (_, at) => `${at + 1} number ${at + 1}`),
    );
    expect(rig.remembered()).toContain('enabled/unit 2=37');
  });
});
