import { expect } from 'vitest';
import type { AppendFile, SysError } from '../../../src/sys/sys.ts';
import type { Result } from '../../../src/base/result.ts';
import type { Tester } from './tester.ts';
import { bytes, errorOf, value, type World } from './world.ts';

/** A file of the test's own that is open to be written, and its path. */
function open(world: World, name = 'file'): { readonly file: AppendFile; readonly path: string } {
  const path = `${world.harness.folder}/${name}`;
  const file = value(world.sys.files.openToAppend(path, 0o600));
  world.atEnd(() => file.close());
  return { file, path };
}

function textOf(world: World, path: string): string {
  return Buffer.from(value(world.sys.files.read(path, 0, 1 << 20))).toString('latin1');
}

function write(file: AppendFile, text: string): void {
  expect(file.write(bytes(text))).toEqual({ bytes: text.length, error: undefined });
}

/** Waits for the answer of a sync, which may not come inside the call. */
async function synced(
  world: World,
  start: (done: (result: Result<undefined, SysError>) => void) => void,
): Promise<Result<undefined, SysError>> {
  const answers: Result<undefined, SysError>[] = [];
  start(world.heard((result: Result<undefined, SysError>) => void answers.push(result)));
  expect(answers).toEqual([]);
  await world.until(() => answers.length > 0, 'the sync is answered');
  expect(answers).toHaveLength(1);
  return answers[0] ?? expect.fail('no answer');
}

/** Files that archond writes for itself. */
export function storedFiles(test: Tester): void {
  test('what is written stands at the end of the file, byte for byte', (world) => {
    const { file, path } = open(world);
    write(file, 'one,');
    const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    expect(file.write(all)).toEqual({ bytes: 256, error: undefined });
    expect(textOf(world, path)).toBe(`one,${all.toString('latin1')}`);
    expect(value(file.status()).sizeBytes).toBe(260);
  });

  test('bytes that were written may be changed afterwards', (world) => {
    const { file, path } = open(world);
    const data = Buffer.from('as written');
    file.write(data);
    data.fill(0);
    expect(textOf(world, path)).toBe('as written');
    value(world.sys.files.read(path, 0, 100)).fill(0);
    expect(textOf(world, path)).toBe('as written');
  });

  test('a file that is there is gone on with, by each who opened it', (world) => {
    const { file, path } = open(world);
    write(file, 'first,');
    const other = open(world).file;
    write(other, 'second,');
    write(file, 'third');
    expect(textOf(world, path)).toBe('first,second,third');
  });

  test('a file is made empty, and only where there is a folder', (world) => {
    const { path } = open(world);
    expect(textOf(world, path)).toBe('');
    expect(errorOf(world.sys.files.openToAppend(`${world.harness.folder}/no/file`, 0o600))).toBe('ENOENT');
    expect(errorOf(world.sys.files.openToAppend(world.harness.folder, 0o600))).toBe('EISDIR');
  });

  test('a part of a file can be read, and less where it ends', (world) => {
    const { file, path } = open(world);
    write(file, '0123456789');
    const part = (offset: number, length: number): string =>
      Buffer.from(value(world.sys.files.read(path, offset, length))).toString();
    expect([part(0, 3), part(3, 4), part(8, 10), part(10, 5), part(99, 5)]).toEqual([
      '012',
      '3456',
      '89',
      '',
      '',
    ]);
  });

  test('a file can be cut, and made longer by zeros; writing goes on at its end', (world) => {
    const { file, path } = open(world);
    write(file, 'to be cut');
    value(file.truncate(5));
    write(file, '|');
    value(file.truncate(8));
    write(file, '.');
    expect(textOf(world, path)).toBe('to be|\0\0.');
    expect(value(file.status()).sizeBytes).toBe(9);
  });

  test('a file stays the same when its name changes, and the new name’s file is gone', (world) => {
    const one = open(world, 'one');
    const two = open(world, 'two');
    write(one.file, '1');
    write(two.file, '2');
    const before = value(one.file.status());
    value(world.sys.files.rename(one.path, two.path));
    write(one.file, '+');
    expect(textOf(world, two.path)).toBe('1+');
    expect(value(world.sys.files.status(two.path))).toEqual({
      ...before,
      sizeBytes: 2,
      changedAtNs: expect.any(BigInt) as bigint,
    });
    expect(errorOf(world.sys.files.status(one.path))).toBe('ENOENT');
    expect(value(two.file.status()).inode).not.toBe(before.inode);
  });

  test('what is no file has a status too, and says so', (world) => {
    const path = `${world.harness.folder}/socket`;
    const socket = value(world.sys.notices.open(path, process.getuid?.() ?? 0));
    expect(value(world.sys.files.status(path))).toMatchObject({ isPlain: false });
    expect(value(world.sys.files.status(world.harness.folder))).toMatchObject({ isPlain: false });
    world.sys.descriptors.close(socket);
    expect(value(world.sys.files.status(path))).toMatchObject({ isPlain: false });
    value(world.sys.files.remove(path));
    expect(errorOf(world.sys.files.status(path))).toBe('ENOENT');
  });

  test('a file that is removed can be written on by who has it open', (world) => {
    const { file, path } = open(world);
    value(world.sys.files.remove(path));
    expect(world.harness.exists(path)).toBe(false);
    write(file, 'nobody reads this');
    expect(value(file.status()).sizeBytes).toBe(17);
    write(open(world).file, 'new');
    expect(textOf(world, path)).toBe('new');
  });

  test('what is missing is ENOENT in every call', (world) => {
    const { files } = world.sys;
    const missing = `${world.harness.folder}/missing`;
    const codes = [
      files.read(missing, 0, 1),
      files.list(missing),
      files.rename(missing, `${missing}-too`),
      files.remove(missing),
      files.status(missing),
    ].map(errorOf);
    expect(new Set(codes)).toEqual(new Set(['ENOENT']));
  });

  test('a folder is listed by the names in it, and not by those below', (world) => {
    const { files } = world.sys;
    const { folder } = world.harness;
    expect(value(files.list(folder))).toEqual([]);
    open(world, 'a file');
    value(files.ensureFolder(`${folder}/sub/deeper`, 0o700));
    open(world, 'sub/below');
    expect([...value(files.list(folder))].sort()).toEqual(['a file', 'sub']);
    expect([...value(files.list(`${folder}/sub`))].sort()).toEqual(['below', 'deeper']);
    expect(errorOf(files.list(`${folder}/a file`))).toBe('ENOTDIR');
  });

  test('a sync is answered once, also where the file is closed meanwhile', async (world) => {
    const { file } = open(world);
    write(file, 'durable');
    expect(await synced(world, (done) => file.sync(done))).toEqual({ ok: true, value: undefined });
    const closing = synced(world, (done) => file.sync(done));
    file.close();
    file.close();
    expect(await closing).toEqual({ ok: true, value: undefined });
  });

  test('a sync that waits says at once how it went', (world) => {
    const { file } = open(world);
    write(file, 'synced');
    expect(file.syncNow()).toEqual({ ok: true, value: undefined });
  });

  test('a folder can be synced, and one that is missing cannot', async (world) => {
    const { files } = world.sys;
    const { folder } = world.harness;
    expect((await synced(world, (done) => files.syncFolder(folder, done))).ok).toBe(true);
    expect(errorOf(await synced(world, (done) => files.syncFolder(`${folder}/missing`, done)))).toBe(
      'ENOENT',
    );
  });
}
