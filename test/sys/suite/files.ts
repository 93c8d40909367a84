import { expect } from 'vitest';
import type { UserEntry } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { errorOf, value, type World } from './world.ts';

function look<T>(
  world: World,
  start: (done: (found: T | undefined) => void) => void,
): Promise<T | undefined> {
  const answers: (T | undefined)[] = [];
  start(world.heard((found: T | undefined) => answers.push(found)));
  expect(answers).toEqual([]);
  return world.until(() => answers.length > 0, 'the look-up is answered').then(() => answers[0]);
}

/** Folders, users and groups. */
export function files(test: Tester): void {
  test('a folder is made with all above it, and is there the second time', (world) => {
    const path = `${world.harness.folder}/one/two/three`;
    value(world.sys.files.ensureFolder(path, 0o700));
    expect(world.harness.exists(path)).toBe(true);
    value(world.sys.files.ensureFolder(path, 0o700));
    value(world.sys.files.ensureFolder(`${world.harness.folder}/one`, 0o700));
  });

  test('a folder to which others may write is refused', (world) =>
    expect(errorOf(world.sys.files.ensureFolder('/tmp', 0o700))).toBe('EPERM'));

  test('the first folder is found that not everybody may pass', (world) => {
    const { files } = world.sys;
    expect(files.closedFolder('/')).toBe(undefined);
    value(files.ensureFolder(`${world.harness.folder}/open`, 0o711));
    const first = files.closedFolder(`${world.harness.folder}/open`);
    expect(first === undefined ? '' : `${world.harness.folder}/`).toMatch(new RegExp(`^${first}/`));
    expect(files.closedFolder(`${world.harness.folder}/nothing`)).toBe(first);
  });

  test('a file where a folder is to be is refused', async (world) => {
    const { write, copying, path } = world.capture();
    const descriptors = [{ from: write, to: 1 }];
    await world.reached(await world.spawn(world.harness.commands.says('a file'), { descriptors }), 'empty');
    copying.drain();
    expect(errorOf(world.sys.files.ensureFolder(path, 0o700))).toMatch(/^(ENOTDIR|EEXIST)$/);
    expect(errorOf(world.sys.files.ensureFolder(`${path}/below`, 0o700))).toBe('ENOTDIR');
  });

  test('root is known by name and by number', async (world) => {
    const byName = await look<UserEntry>(world, (done) => world.sys.users.user('root', done));
    expect(byName).toMatchObject({ name: 'root', uid: 0, gid: 0 });
    expect(byName?.groups).toContain(0);
    expect(await look<UserEntry>(world, (done) => world.sys.users.user('0', done))).toEqual(byName);
    expect(await look<number>(world, (done) => world.sys.users.group('root', done))).toBe(0);
    expect(await look<number>(world, (done) => world.sys.users.group('0', done))).toBe(0);
  });

  test('who does not exist is not found', async (world) => {
    expect(await look(world, (done) => world.sys.users.user('nobody-of-this-name', done))).toBe(undefined);
    expect(await look(world, (done) => world.sys.users.group('no-group-of-this-name', done))).toBe(undefined);
  });
}
