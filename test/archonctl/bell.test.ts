import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Bell } from '../../src/archonctl/bell.ts';
import { TempFolder } from './temp-folder.ts';

/** Longer than a test may take: who waits for so long has not heard the bell. */
const AN_HOUR = 3_600_000;

describe('the bell of a socket', () => {
  it('rings when a file takes its place, is replaced or goes', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    const bell = new Bell();
    expect(bell.hang(path)).toBe(true);
    expect(bell.hang(path)).toBe(false);
    for (const change of ['appears', 'is replaced']) {
      await writeFile(`${path}.${change}`, '');
      const heard = bell.heard(AN_HOUR);
      await rename(`${path}.${change}`, path);
      await heard;
    }
    const heard = bell.heard(AN_HOUR);
    await rm(path);
    await heard;
    bell.close();
  });

  it('is heard by who comes late', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    const [early, late] = [new Bell(), new Bell()];
    for (const bell of [early, late]) bell.hang(path);
    await writeFile(path, '');
    await early.heard(AN_HOUR);
    await late.heard(AN_HOUR);
    for (const bell of [early, late]) bell.close();
  });

  it('does not ring for other files of the folder', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/s`;
    const rung: string[] = [];
    const [own, other] = [new Bell(), new Bell()];
    own.hang(path);
    other.hang(`${path}2`);
    const heard = own.heard(AN_HOUR).then(() => rung.push('own'));
    await writeFile(`${path}2`, '');
    await other.heard(AN_HOUR);
    expect(rung).toEqual([]);
    await writeFile(path, '');
    await heard;
    for (const bell of [own, other]) bell.close();
  });

  it('cannot be hung in a folder that is not there, but later', async () => {
    await using folder = await TempFolder.make();
    const path = `${folder.path}/deep/s`;
    const bell = new Bell();
    expect(bell.hang(path)).toBe(false);
    await bell.heard(1);
    await mkdir(`${folder.path}/deep`);
    expect(bell.hang(path)).toBe(true);
    const heard = bell.heard(AN_HOUR);
    await writeFile(path, '');
    await heard;
    bell.close();
  });

  it('rings when it is given up, before or while somebody waits', async () => {
    const giveUp = new AbortController();
    const bell = new Bell(giveUp.signal);
    const heard = bell.heard(AN_HOUR);
    giveUp.abort();
    await heard;
    bell.close();
    const later = new Bell(giveUp.signal);
    await later.heard(AN_HOUR);
    later.close();
  });
});
