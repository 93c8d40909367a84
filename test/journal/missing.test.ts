import { describe, expect, test } from 'vitest';
import { DIR, Rig, STATE_DISK } from './rig.ts';

const SEGMENT = `${DIR}/0000000001.journal`;

/** A journal with one event and one value in it. */
function used(): Rig {
  const rig = new Rig();
  rig.append('before');
  rig.journal.remember('unit', 'web', 'before');
  rig.journal.flush();
  return rig;
}

describe('a state folder that is not there', () => {
  test('when archond starts is waited for, and its past is joined to what came meanwhile', () => {
    const rig = used();
    rig.journal.remember('unit', 'changed', 'before');
    rig.journal.remember('unit', 'forgotten', 'before');
    rig.close();
    rig.kill();
    const mount = rig.disk.fail(STATE_DISK, 'ENOENT');
    expect(rig.open()).toMatchObject({ idChange: 'new', lastSequence: 0, remembered: [] });
    const { journalId } = rig.journal;
    rig.append('early');
    rig.journal.remember('unit', 'changed', 'early');
    rig.journal.forget('unit', 'forgotten');
    rig.journal.flush();
    mount();
    rig.retry();
    expect(rig.reports.at(-1)).toEqual({
      kind: 'recovered',
      late: [{ kind: 'unit', key: 'web', value: 'before' }],
      setAside: [],
    });
    expect(rig.lines()).toEqual(['1 before', '1 early']);
    expect(rig.journal.firstKept()).toBe(1);
    expect(rig.lines({ after: 0 })).toEqual(['1 early']);
    expect(rig.killAndOpen()).toMatchObject({ idChange: undefined, journalId, lastSequence: 1 });
    expect(rig.remembered()).toEqual(['unit/changed="early"', 'unit/web="before"']);
  });

  test('when archond starts, and comes when it has been killed, is joined by its successor', () => {
    const rig = used();
    rig.journal.remember('unit', 'forgotten', 'before');
    rig.close();
    rig.kill();
    const mount = rig.disk.fail(STATE_DISK, 'ENOENT');
    rig.open();
    rig.append('early');
    rig.journal.forget('unit', 'forgotten');
    rig.journal.flush();
    expect(rig.killAndOpen()).toMatchObject({ lastSequence: 1, remembered: [] });
    rig.append('later');
    rig.journal.flush();
    rig.kill();
    mount();
    rig.open();
    expect(rig.remembered()).toEqual(['unit/web="before"']);
    expect(rig.lines()).toEqual(['1 before', '1 early', '2 later']);
    rig.append('last');
    rig.closeAndOpen();
    expect(rig.remembered()).toEqual(['unit/web="before"']);
    expect(rig.found).toMatchObject({ lastSequence: 3, idChange: undefined });
  });

  test('any more, with all that was in it, costs its events and nothing else', () => {
    const rig = used();
    const { journalId } = rig.journal;
    rig.kill();
    rig.open();
    rig.append('two');
    rig.journal.flush();
    for (const path of rig.paths(STATE_DISK)) rig.control.kernel.files.remove(path);
    rig.append('into the void');
    rig.journal.flush();
    rig.retry();
    expect(
      rig.reports.map((report) => (report.kind === 'degraded' ? report.error.code : report.kind)),
    ).toEqual(['ENOENT']);
    rig.append('three');
    rig.journal.flush();
    rig.retry();
    expect(rig.health).toBe('well');
    expect(rig.journal.firstKept()).toBe(4);
    expect(rig.lines({ after: 3 })).toEqual(['4 three']);
    expect(rig.killAndOpen()).toMatchObject({ journalId, lastSequence: 4, idChange: undefined });
    expect(rig.remembered()).toEqual(['unit/web="before"']);
  });

  test('but another in its place is joined, and nothing of it is written over', () => {
    const other = new Rig();
    other.kill();
    other.control.seed(7);
    other.replaceFiles(new Map());
    other.open();
    other.append('of the other', 'of the other');
    other.journal.remember('unit', 'web', 'other');
    other.journal.remember('enabled', 'db', true);
    other.close();
    const rig = used();
    rig.append('two');
    rig.journal.flush();
    expect(rig.journal.journalId).not.toBe(other.journal.journalId);
    rig.control.kernel.files.remove(SEGMENT);
    const bytes = other.bytes(SEGMENT);
    rig.control.kernel.files.put(SEGMENT, {
      kind: 'file',
      mode: 0o600,
      uid: 0,
      chunks: [bytes],
      changedAtNs: 0n,
    });
    rig.retry();
    expect(rig.health).toBe('ESTALE runtime');
    rig.append('three');
    rig.retry();
    expect(rig.reports.at(-1)).toEqual({
      kind: 'recovered',
      late: [{ kind: 'enabled', key: 'db', value: true }],
      setAside: [],
    });
    expect(rig.bytes(SEGMENT).equals(bytes)).toBe(true);
    expect(rig.lines()).toEqual(['1 of the other', '2 of the other', '3 three']);
    expect(rig.lines({ after: 2 })).toEqual(['3 three']);
    expect(rig.killAndOpen().lastSequence).toBe(3);
    expect(rig.remembered()).toEqual(['enabled/db=true', 'unit/web="before"']);
  });

  test('for a moment, and then is there again, is found to be its own', () => {
    const rig = used();
    rig.journal.remember('unit', 'gone', 1);
    rig.journal.flush();
    rig.journal.forget('unit', 'gone');
    rig.append('two');
    rig.journal.flush();
    const mount = rig.disk.fail(STATE_DISK, 'ENOENT');
    rig.retry();
    expect(rig.health).toBe('ENOENT runtime');
    rig.append('three');
    mount();
    rig.retry();
    expect(rig.reports.at(-1)).toEqual({ kind: 'recovered', late: [], setAside: [] });
    rig.append('four');
    expect(rig.lines()).toEqual(['1 before', '2 two', '3 three', '4 four']);
    rig.killAndOpen();
    expect(rig.remembered()).toEqual(['unit/web="before"']);
  });
});
