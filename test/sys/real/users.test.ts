import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { realUsers } from '../../../src/sys/real/users.ts';
import type { UserEntry } from '../../../src/sys/sys.ts';

const user = (text: string): Promise<UserEntry | undefined> =>
  new Promise((done) => realUsers.user(text, done));
const group = (text: string): Promise<number | undefined> =>
  new Promise((done) => realUsers.group(text, done));
const id = (...args: string[]): string => execFileSync('id', args, { encoding: 'utf8' }).trim();

describe('users', () => {
  it('are found as id(1) finds them, groups included', async () => {
    const name = id('-un');
    const found = await user(name);
    expect(found).toMatchObject({ name, uid: Number(id('-u', name)), gid: Number(id('-g', name)) });
    expect([...(found?.groups ?? [])].sort()).toEqual(id('-G', name).split(' ').map(Number).sort());
  });

  it('are found by number as by name', async () => {
    expect(await user(id('-u'))).toEqual(await user(id('-un')));
  });

  it('are not found where the text names nobody, or can name nobody', async () => {
    for (const text of [
      '',
      'no such user',
      'with\0nul',
      'x'.repeat(300),
      '4294967295',
      '99999999999',
      '-1',
    ]) {
      expect(await user(text), text).toBe(undefined);
      expect(await group(text), text).toBe(undefined);
    }
  });

  it('are looked up side by side, and never inside the call', async () => {
    let answers = 0;
    const found = Array.from({ length: 50 }, async () => {
      const root = await user('root');
      answers++;
      return root?.uid;
    });
    realUsers.user('', () => answers++);
    expect(answers).toBe(0);
    expect(await Promise.all(found)).toEqual(Array(50).fill(0));
    expect(answers).toBe(51);
  });
});

describe('groups', () => {
  it('are found by name and by number', async () => {
    expect(await group(id('-gn'))).toBe(Number(id('-g')));
    expect(await group(id('-g'))).toBe(Number(id('-g')));
  });
});
