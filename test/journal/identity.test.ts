import { describe, expect, test } from 'vitest';
import { FALLBACK_DIR, Rig, RUNTIME_DISK, STATE_DISK } from './rig.ts';

/** A journal with three events and a value in it, flushed. */
function used(): Rig {
  const rig = new Rig();
  rig.append('a', 'b', 'c');
  rig.journal.remember('enabled', 'web', true);
  rig.journal.flush();
  return rig;
}

describe('the journal id', () => {
  test('of a new folder is new, and its first number is 1', () => {
    const rig = new Rig();
    expect(rig.found).toMatchObject({ idChange: 'new', lastSequence: 0, remembered: [], wasClosed: false });
    expect(rig.journal.journalId).toMatch(/^[0-9a-f]{16}$/);
    expect(rig.journal.firstKept()).toBe(1);
    rig.append('a');
    expect(rig.journal.lastSequence).toBe(1);
  });

  test('differs from machine to machine', () => {
    const [one, other] = [new Rig(), new Rig()];
    other.kill();
    other.control.seed(7);
    other.replaceFiles(new Map());
    expect(other.open().journalId).not.toBe(one.journal.journalId);
  });

  test('stays when archond is killed, and numbers go on without a gap', () => {
    const rig = used();
    const { journalId } = rig.journal;
    for (let life = 1; life <= 20; life += 1) {
      rig.append('not flushed, so not told');
      expect(rig.killAndOpen()).toMatchObject({ idChange: undefined, journalId, lastSequence: 2 + life });
      rig.append('d');
      rig.journal.flush();
    }
    expect(rig.lines({ after: 0 }).map((line) => line.split(' ')[0])).toEqual(
      Array.from({ length: 23 }, (_, at) => String(at + 1)),
    );
    expect(rig.remembered()).toEqual(['enabled/web=true']);
  });

  test('stays over a boot after a clean end', () => {
    const rig = used();
    const { journalId } = rig.journal;
    expect(rig.close()).toBe(true);
    expect(rig.rebootAndOpen()).toMatchObject({
      idChange: undefined,
      journalId,
      lastSequence: 3,
      wasClosed: true,
    });
    expect(rig.remembered()).toEqual(['enabled/web=true']);
  });

  test('stays over a clean end and a new start within a boot', () => {
    const rig = used();
    const { journalId } = rig.journal;
    expect(rig.closeAndOpen()).toMatchObject({ idChange: undefined, journalId, wasClosed: true });
    expect(rig.killAndOpen()).toMatchObject({ idChange: undefined, journalId, wasClosed: false });
  });

  test('changes over a boot without a clean end, even where nothing is missing', () => {
    const rig = used();
    const { journalId } = rig.journal;
    const found = rig.rebootAndOpen((_, size) => size);
    expect(found).toMatchObject({ idChange: 'unclean-boot', lastSequence: 3 });
    expect(found.journalId).not.toBe(journalId);
    rig.append('d');
    expect(rig.lines()).toEqual(['1 a', '2 b', '3 c', '4 d']);
    expect(rig.journal.firstKept()).toBe(4);
    expect(rig.lines({ after: 3 })).toEqual(['4 d']);
  });

  test('changes where the clean end is followed by records that a loss of power has taken', () => {
    const rig = used();
    const { journalId } = rig.journal;
    rig.closeAndOpen();
    rig.append('told to somebody');
    rig.journal.flush();
    expect(rig.rebootAndOpen()).toMatchObject({ idChange: 'unclean-boot', lastSequence: 3 });
    expect(rig.journal.journalId).not.toBe(journalId);
  });

  test('changes where the clean end cannot be taken back', () => {
    const rig = used();
    const { journalId } = rig.journal;
    rig.close();
    rig.disk.fail(STATE_DISK, 'EIO', ['fdatasync']);
    expect(rig.killAndOpen()).toMatchObject({ idChange: 'unwritable', lastSequence: 3, wasClosed: true });
    expect(rig.journal.journalId).not.toBe(journalId);
    expect(rig.health).toBe('EIO runtime');
  });

  test('changes when archond is killed while records are not in the state folder', () => {
    const rig = used();
    const { journalId } = rig.journal;
    const repair = rig.disk.makeReadOnly(STATE_DISK);
    rig.append('d');
    rig.journal.flush();
    expect(rig.killAndOpen()).toMatchObject({ idChange: 'unwitnessed', lastSequence: 4 });
    const { journalId: second } = rig.journal;
    repair();
    expect(rig.killAndOpen()).toMatchObject({ idChange: 'unwitnessed', lastSequence: 4 });
    expect(new Set([journalId, second, rig.journal.journalId]).size).toBe(3);
    expect(rig.health).toBe('well');
    rig.append('e');
    expect(rig.lines()).toEqual(['1 a', '2 b', '3 c', '4 d', '5 e']);
    expect(rig.killAndOpen().idChange).toBe(undefined);
  });

  test('stays when the state folder came back before archond was killed', () => {
    const rig = used();
    const { journalId } = rig.journal;
    const repair = rig.disk.makeReadOnly(STATE_DISK);
    rig.append('d');
    rig.journal.flush();
    repair();
    rig.retry();
    expect(rig.killAndOpen()).toMatchObject({ idChange: undefined, journalId, lastSequence: 4 });
  });

  test('stays after a clean end in the runtime folder, as long as that is there', () => {
    for (const reboots of [false, true]) {
      const rig = used();
      const { journalId } = rig.journal;
      const repair = rig.disk.makeReadOnly(STATE_DISK);
      rig.append('d');
      expect(rig.close()).toBe(false);
      repair();
      if (reboots) rig.reboot((_, size) => size);
      else rig.kill();
      rig.open();
      expect(rig.found.lastSequence).toBe(reboots ? 3 : 4);
      expect(rig.journal.journalId === journalId).toBe(!reboots);
    }
  });

  test('changes when neither place took the records and archond is killed', () => {
    const rig = used();
    const { journalId } = rig.journal;
    const repairs = [rig.disk.limit(STATE_DISK, 0), rig.disk.limit(RUNTIME_DISK, 0)];
    rig.append('d');
    rig.journal.flush();
    expect(rig.health).toBe('ENOSPC memory');
    expect(rig.lines().at(-1)).toBe('4 d');
    for (const repair of repairs) repair();
    expect(rig.killAndOpen()).toMatchObject({ idChange: 'unwitnessed', lastSequence: 3 });
    expect(rig.journal.journalId).not.toBe(journalId);
  });

  test('changes where nobody can say any more that all was written: the runtime folder was emptied', () => {
    const rig = used();
    rig.kill();
    rig.control.kernel.files.remove(`${FALLBACK_DIR}/witness`);
    expect(rig.open().idChange).toBe('unwitnessed');
  });

  test('is not put at risk by somebody who empties the runtime folder long before', () => {
    const rig = used();
    rig.control.kernel.files.remove(`${FALLBACK_DIR}/witness`);
    rig.retry();
    expect(rig.killAndOpen().idChange).toBe(undefined);
  });

  test('is not believed from another boot or another journal', () => {
    const rig = used();
    const witness = `${FALLBACK_DIR}/witness`;
    const text = rig.bytes(witness).toString();
    expect(text).toBe(`${rig.journal.journalId} boot-1\n`);
    rig.kill();
    for (const other of [text.replace('boot-1', 'boot-0'), `x${text}`, text.trim(), '']) {
      rig.disk.overwrite(witness, Buffer.from(other));
      expect(rig.open().idChange).toBe('unwitnessed');
      rig.kill();
    }
  });
});
