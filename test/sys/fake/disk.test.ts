import { describe, expect, it } from 'vitest';
import type { Result } from '../../../src/base/result.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import type { AppendFile } from '../../../src/sys/sys.ts';
import { Rig } from './rig.ts';

function code(result: Result<unknown, { readonly code: string }>): string {
  return result.ok ? 'ok' : result.error.code;
}

/** An archond with two folders of its own, and a file that is open in the first. */
function prepare(): { readonly rig: Rig; readonly file: AppendFile } {
  const rig = new Rig();
  for (const folder of ['/var/state', '/var/other'])
    expect(rig.sys.files.ensureFolder(folder, 0o700).ok).toBe(true);
  const file = rig.sys.files.openToAppend('/var/state/file', 0o600);
  return file.ok ? { rig, file: file.value } : expect.fail('not opened');
}

function held(rig: Rig, path = '/var/state/file'): string {
  return Buffer.from(rig.control.kernel.files.read(path) ?? []).toString();
}

describe('a disk', () => {
  it('fails the calls that it is told to, in its folder and below, until it is taken back', () => {
    const { rig, file } = prepare();
    const { disk } = rig.control.kernel;
    const repair = disk.fail('/var/state', 'EIO', ['write', 'rename']);
    expect(file.write(Buffer.from('x'))).toMatchObject({ bytes: 0, error: { code: 'EIO', call: 'write' } });
    expect(code(rig.sys.files.rename('/var/other/a', '/var/state/a'))).toBe('EIO');
    expect(code(rig.sys.files.status('/var/state/file'))).toBe('ok');
    expect(code(rig.sys.files.openToAppend('/var/other/file', 0o600))).toBe('ok');
    repair();
    expect(file.write(Buffer.from('x'))).toEqual({ bytes: 1, error: undefined });
    expect(() => disk.fail('/var/state', 'ENOTHING')).toThrow(/ENOTHING/);
  });

  it('that is read-only lets look, and change nothing', () => {
    const { rig, file } = prepare();
    file.write(Buffer.from('before'));
    const remount = rig.control.kernel.disk.makeReadOnly('/var');
    const { files } = rig.sys;
    const changes = [
      files.openToAppend('/var/state/new', 0o600),
      files.remove('/var/state/file'),
      files.rename('/var/state/file', '/var/state/other'),
      files.ensureFolder('/var/new', 0o700),
      file.truncate(0),
    ];
    expect(changes.map(code)).toEqual(['EROFS', 'EROFS', 'EROFS', 'EROFS', 'EROFS']);
    expect(file.write(Buffer.from('x')).error?.code).toBe('EROFS');
    expect([files.read('/var/state/file', 0, 9), files.ensureFolder('/var/state', 0o700)].map(code)).toEqual([
      'ok',
      'ok',
    ]);
    remount();
    expect(code(files.remove('/var/state/file'))).toBe('ok');
  });

  it('that is full takes a part of a write, and more when there is room again', () => {
    const { rig, file } = prepare();
    const free = rig.control.kernel.disk.limit('/var/state', 4);
    expect(file.write(Buffer.from('123456'))).toMatchObject({ bytes: 4, error: { code: 'ENOSPC' } });
    expect(code(rig.sys.files.openToAppend('/var/state/new', 0o600))).toBe('ENOSPC');
    expect(code(file.truncate(2))).toBe('ok');
    expect(file.write(Buffer.from('ab')).bytes).toBe(2);
    free();
    file.write(Buffer.from('56'));
    expect(held(rig)).toBe('12ab56');
  });

  it('that is full stops the copying of output too', () => {
    const { rig } = prepare();
    const free = rig.control.kernel.disk.limit('/var/state', 3);
    const pipe = rig.sys.output.pipe(0);
    if (!pipe.ok) return expect.fail('no pipe');
    const errors: string[] = [];
    const copying = rig.sys.output.copy(pipe.value.read, '/var/state/log', 0o600, (error) =>
      errors.push(error.code),
    );
    rig.spawn(programs.together(programs.writes('output'), programs.exits(0)), {
      descriptors: [{ from: pipe.value.write, to: 1 }],
    });
    expect([held(rig, '/var/state/log'), errors]).toEqual(['out', ['ENOSPC']]);
    free();
    expect(copying.drain()).toBe(true);
    expect(held(rig, '/var/state/log')).toBe('output');
  });

  it('can be in the middle of a write when archond dies', () => {
    const { rig, file } = prepare();
    rig.control.kernel.disk.cutNextWrite('/var/state', 3, () => rig.control.killArchond());
    const steps: string[] = [];
    rig.sys.timers.at(rig.control.nowMs(), () => {
      steps.push('before');
      file.write(Buffer.from('torn off'));
      steps.push('after');
    });
    rig.control.settle();
    expect([steps, held(rig), rig.control.archondAlive]).toEqual([['before'], 'tor', false]);
  });

  it('keeps over a loss of power what was synced, and of the rest what the test says', () => {
    const { rig, file } = prepare();
    const answers: string[] = [];
    file.write(Buffer.from('safe,'));
    file.sync((result) => answers.push(code(result)));
    file.write(Buffer.from('maybe'));
    rig.control.settle();
    expect(answers).toEqual(['ok']);
    rig.control.killArchond();
    const { disk } = rig.control.kernel;
    expect(() => disk.losePower('/var', () => 4)).toThrow(/cannot leave 4/);
    disk.losePower('/var', (synced, size) => Math.min(size, synced + 2));
    expect(held(rig)).toBe('safe,ma');
    disk.losePower('/var', (synced) => synced);
    expect(held(rig)).toBe('safe,ma');
  });

  it('has what a sync has waited for, unless that failed', () => {
    const { rig, file } = prepare();
    const { disk } = rig.control.kernel;
    file.write(Buffer.from('safe,'));
    expect(code(file.syncNow())).toBe('ok');
    file.write(Buffer.from('lost'));
    disk.fail('/var/state', 'EIO', ['fdatasync']);
    expect(code(file.syncNow())).toBe('EIO');
    rig.control.killArchond();
    disk.losePower('/var', (synced) => synced);
    expect(held(rig)).toBe('safe,');
  });

  it('does what a sync was asked for even where archond dies before the answer', () => {
    const { rig, file } = prepare();
    file.write(Buffer.from('synced'));
    file.sync(() => expect.fail('answered'));
    rig.control.killArchond();
    rig.control.settle();
    rig.control.kernel.disk.losePower('/var', (synced) => synced);
    expect(held(rig)).toBe('synced');
  });

  it('can be changed behind the back of archond', () => {
    const { rig } = prepare();
    rig.control.kernel.disk.overwrite('/var/state/file', Buffer.from('changed'));
    const read = rig.sys.files.read('/var/state/file', 0, 100);
    expect(read.ok && Buffer.from(read.value).toString()).toBe('changed');
  });
});
