import { describe, expect, test } from 'vitest';
import { DIR, limits, Rig, STATE_DISK } from './rig.ts';

const path = (name: string): string => `${DIR}/${name}`;

/** Opens the journal as the first archond in safe mode does. */
function openSafely(rig: Rig): void {
  rig.open({ setsTailAside: true });
}

describe('the tail of the journal', () => {
  test('is set aside as it stands, what was known before it is remembered, and the id changes', () => {
    const rig = new Rig();
    rig.limits = limits({ segmentBytes: 1 });
    rig.killAndOpen();
    for (let number = 1; number <= 3; number += 1) {
      rig.appendLarge(`number ${number}`);
      rig.journal.remember('unit', 'web', number);
      rig.journal.flush();
    }
    rig.limits = limits();
    const id = rig.killAndOpen().journalId;
    const [newest = ''] = rig.segments().slice(-1);
    rig.journal.remember('unit', 'web', 4);
    rig.append('after');
    rig.journal.flush();
    rig.kill();
    const whole = rig.bytes(newest);

    openSafely(rig);

    const aside = newest.replace(/journal$/, 'set-aside');
    expect(rig.found).toMatchObject({ idChange: 'set-aside', setAside: [{ path: aside, isMoved: true }] });
    expect(rig.journal.journalId).not.toBe(id);
    expect(rig.remembered()).toEqual(['unit/web=2']);
    expect(Buffer.concat([rig.bytes(newest), rig.bytes(aside)])).toEqual(whole);
    expect(rig.bytes(aside).toString()).toContain('["unit","web",4]');
    expect(rig.health).toBe('well');
    rig.append('next');
    expect(rig.lines().at(-1)).toContain('next');
  });

  test('is left where there is none, whatever was asked for', () => {
    const rig = new Rig();
    rig.limits = limits({ segmentBytes: 1 });
    rig.killAndOpen();
    rig.kill();
    for (const segment of rig.segments()) rig.control.kernel.files.remove(segment);
    openSafely(rig);
    expect(rig.found).toMatchObject({ idChange: 'new', setAside: [] });
  });

  test('is set aside also where it is torn or damaged, and not a second time by who comes next', () => {
    for (const rest of ['1234 torn', 'never written so\n']) {
      const rig = new Rig();
      rig.append('one');
      rig.journal.flush();
      rig.kill();
      const [newest = ''] = rig.segments();
      rig.disk.overwrite(newest, Buffer.concat([rig.bytes(newest), Buffer.from(rest)]));
      openSafely(rig);
      expect(rig.found.setAside).toMatchObject([{ path: path('0000000001.set-aside') }]);
      expect(rig.bytes(path('0000000001.set-aside')).toString()).toContain(rest);
      rig.append('two');
      rig.journal.flush();
      expect(rig.killAndOpen().setAside).toEqual([]);
      expect(rig.lines().at(-1)).toContain('two');
    }
  });

  test('of what was in need is set aside from the folder to which it was brought', () => {
    const rig = new Rig();
    const repair = rig.disk.fail(STATE_DISK, 'ENOSPC');
    rig.append('in need');
    rig.journal.flush();
    expect(rig.health).toBe('ENOSPC runtime');
    rig.kill();
    repair();
    openSafely(rig);
    expect(rig.found.setAside).toHaveLength(1);
    expect(rig.bytes(rig.found.setAside[0]?.path ?? '').toString()).toContain('in need');
  });
});
