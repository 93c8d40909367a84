import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isAnsweredAlike, noting, type Asked } from '../../src/config/basis.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { ConfigSystem } from '../../src/config/system.ts';
import { systemOf } from './rig.ts';

const TOP = '/etc/archon/archon.yaml';
const FILES = {
  [TOP]: 'include: [units.d/*.yaml]\naccess: [{group: operators, role: read}]\n',
  '/etc/archon/units.d/web.yaml':
    'units: {web: {command: sleep 1, user: www, env-file: /etc/archon/web.env}}\n',
  '/etc/archon/web.env': 'WORD=one\n',
};

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');

/** What loading from a system asks of it. */
async function askedOf(system: ConfigSystem): Promise<readonly Asked[]> {
  const noted = noting(system, digest);
  const loaded = await loadConfiguration([TOP], noted, { logDir: '/var/log/archon' });
  expect(loaded.ok).toBe(true);
  return noted.asked() ?? [];
}

/** Whether a configuration that was loaded from `FILES` is known to be the same on another system. */
async function isSameOn(system: ConfigSystem): Promise<boolean> {
  return isAnsweredAlike(await askedOf(systemOf(FILES)), system, digest);
}

describe('the basis of a configuration', () => {
  it('holds where nothing has changed, whatever order names come in', async () => {
    expect(await isSameOn(systemOf(FILES))).toBe(true);
    const system = systemOf(FILES);
    const list: ConfigSystem['list'] = (folder) => {
      const names = system.list(folder);
      return names.ok ? { ok: true, value: [...names.value].reverse() } : names;
    };
    expect(await isSameOn({ ...system, list })).toBe(true);
  });

  it.each([
    ['another byte in the file', { ...FILES, [TOP]: FILES[TOP].replace('read', 'reaD') }],
    ['another byte in an included file', { ...FILES, '/etc/archon/units.d/web.yaml': 'units: {}\n' }],
    ['one more file that an include takes', { ...FILES, '/etc/archon/units.d/more.yaml': 'units: {}\n' }],
    ['one more file that no include takes', { ...FILES, '/etc/archon/units.d/more.txt': '' }],
    ['another byte in a file of settings', { ...FILES, '/etc/archon/web.env': 'WORD=two\n' }],
    ['a file of settings that cannot be read', { ...FILES, '/etc/archon/web.env': { code: 'EACCES' } }],
    ['no such file of settings', { [TOP]: FILES[TOP], '/etc/archon/units.d/web.yaml': 'units: {}\n' }],
    ['no file at all', {}],
    ['a folder in place of a file', { ...FILES, [`${TOP}/a.yaml`]: '' }],
  ])('does not hold with %s', async (_, files) => {
    expect(await isSameOn(systemOf(files))).toBe(false);
  });

  it('does not hold where a controller can be had no more that a limit needs', async () => {
    const files = { ...FILES, [TOP]: `${FILES[TOP]}units: {db: {command: sleep 1, pids-max: 9}}\n` };
    const asked = await askedOf(systemOf(files));
    expect(await isAnsweredAlike(asked, systemOf(files), digest)).toBe(true);
    expect(await isAnsweredAlike(asked, systemOf(files, { memory: { kind: 'absent' } }), digest)).toBe(true);
    expect(await isAnsweredAlike(asked, systemOf(files, { pids: { kind: 'absent' } }), digest)).toBe(false);
  });

  it('does not hold where a user has another group or is gone, or a group has another number', async () => {
    const system = systemOf(FILES);
    const users: readonly Partial<ConfigSystem>[] = [
      { user: (_, done) => queueMicrotask(() => done({ uid: 33, gid: 33, groups: [33] })) },
      { user: (_, done) => queueMicrotask(() => done(undefined)) },
      { group: (_, done) => queueMicrotask(() => done(201)) },
    ];
    for (const other of users) expect(await isSameOn({ ...system, ...other })).toBe(false);
  });

  it('notes that there is nothing, and does not hold when it comes', async () => {
    const optional = { [TOP]: 'units: {web: {command: sleep 1, env-file: /etc/archon/web.env}}\n' };
    const asked = await askedOf(systemOf(optional));
    expect(await isAnsweredAlike(asked, systemOf(optional), digest)).toBe(true);
    const later = systemOf({ ...optional, '/etc/archon/web.env': '' });
    expect(await isAnsweredAlike(asked, later, digest)).toBe(false);
  });

  it('is plain data that survives JSON, and names each question once', async () => {
    const asked = await askedOf(systemOf(FILES));
    expect(JSON.parse(JSON.stringify(asked))).toEqual(asked);
    const questions = asked.map(([question, about]) => `${question} ${about}`);
    expect(new Set(questions).size).toBe(questions.length);
    expect(questions).toEqual(
      expect.arrayContaining([
        `read ${TOP}`,
        'list /etc/archon/units.d',
        'read /etc/archon/web.env',
        'user www',
        'user 0',
        'group operators',
      ]),
    );
  });

  it('is none where the machine changed while it was asked', () => {
    let text = 'one';
    const system = systemOf({});
    const noted = noting(
      { ...system, read: () => ({ ok: true, value: new TextEncoder().encode(text) }) },
      digest,
    );
    noted.read('/a', 10);
    noted.read('/a', 10);
    expect(noted.asked()).toHaveLength(1);
    text = 'two';
    noted.read('/a', 10);
    expect(noted.asked()).toBeUndefined();
  });
});
