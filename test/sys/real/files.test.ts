import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realFiles } from '../../../src/sys/real/files.ts';
import { codeOf, Folder, value } from '../../native/support.ts';

let folder: Folder;
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

beforeEach(async () => {
  folder = await Folder.make();
});

afterEach(() => folder[Symbol.asyncDispose]());

describe('ensureFolder', () => {
  it('gives every folder that it makes the mode, whatever the umask', () => {
    const was = process.umask(0o777);
    try {
      value(realFiles.ensureFolder(folder.file('a/b/c'), 0o750));
    } finally {
      process.umask(was);
    }
    expect(['a', 'a/b', 'a/b/c'].map((name) => modeOf(folder.file(name)))).toEqual([0o750, 0o750, 0o750]);
  });

  it('leaves the mode of one that is there', () => {
    mkdirSync(folder.file('there'));
    chmodSync(folder.file('there'), 0o711);
    value(realFiles.ensureFolder(folder.file('there'), 0o700));
    expect(modeOf(folder.file('there'))).toBe(0o711);
  });

  it('refuses one to which the group or others may write', () => {
    for (const mode of [0o720, 0o702, 0o1777]) {
      mkdirSync(folder.file(String(mode)));
      chmodSync(folder.file(String(mode)), mode);
      expect(codeOf(realFiles.ensureFolder(folder.file(String(mode)), 0o700))).toBe('EPERM');
    }
  });

  it('refuses one that belongs to somebody else', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root may give a folder away');
    mkdirSync(folder.file('foreign'), 0o700);
    await folder.run('chown', ['65534', folder.file('foreign')]);
    expect(codeOf(realFiles.ensureFolder(folder.file('foreign'), 0o700))).toBe('EPERM');
  });

  it('follows a link of its own user, but none that a stranger has laid', async (context) => {
    mkdirSync(folder.file('target'), 0o700);
    symlinkSync(folder.file('target'), folder.file('link'));
    value(realFiles.ensureFolder(folder.file('link'), 0o700));
    if (process.getuid?.() !== 0) context.skip('only root can lay a link for a stranger');
    await folder.run('chown', ['-h', '65534', folder.file('link')]);
    expect(codeOf(realFiles.ensureFolder(folder.file('link'), 0o700))).toBe('EPERM');
  });

  it('says what stood in the way', () => {
    writeFileSync(folder.file('file'), '');
    expect(codeOf(realFiles.ensureFolder(folder.file('file'), 0o700))).toBe('ENOTDIR');
    expect(codeOf(realFiles.ensureFolder(folder.file('file/below'), 0o700))).toBe('ENOTDIR');
    symlinkSync('nowhere', folder.file('dangling'));
    expect(codeOf(realFiles.ensureFolder(folder.file('dangling'), 0o700))).toBe('ENOENT');
    expect(codeOf(realFiles.ensureFolder(`/proc/nothing/${'x'.repeat(10)}`, 0o700))).toBe('ENOENT');
  });
});
