import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/base/result.ts';
import { MemoryFiles } from '../../src/journal/memory-files.ts';
import { copyBytes, Store, type Fill } from '../../src/journal/store.ts';
import type { SysError } from '../../src/sys/sys.ts';
import { limits } from './rig.ts';

const EIO: SysError = { code: 'EIO', errno: 5, call: 'write' };

/** Fills a file with this text. */
function filling(text: string): Fill {
  return (file) => file.write(Buffer.from(text)).error;
}

function make(): { readonly files: MemoryFiles; readonly store: Store } {
  const files = new MemoryFiles();
  const store = new Store('state', files, '/journal', limits().state);
  expect(store.open()).toEqual({ ok: true, value: [] });
  return { files, store };
}

function names(files: MemoryFiles): readonly string[] {
  const listed = files.list('/journal');
  return listed.ok ? [...listed.value].sort() : [];
}

function textOf(store: Store, ordinal: number): string {
  const read = store.reader(ordinal)(0, 1_000_000);
  return read.ok ? Buffer.from(read.value).toString() : read.error.code;
}

function code(result: Result<unknown, SysError>): string {
  return result.ok ? 'ok' : result.error.code;
}

describe('a folder of segments', () => {
  test('gives each the next ordinal, also after what was there before', () => {
    const { files, store } = make();
    for (const text of ['one', 'two']) expect(code(store.create(filling(text)))).toBe('ok');
    expect(names(files)).toEqual(['0000000001.journal', '0000000002.journal']);
    const later = new Store('state', files, '/journal', limits().state);
    expect(later.open()).toEqual({ ok: true, value: [1, 2] });
    expect(later.create(filling('three'))).toMatchObject({ value: { ordinal: 3 } });
    expect([textOf(later, 2), textOf(later, 3)]).toEqual(['two', 'three']);
  });

  test('shows nothing of one that could not be filled', () => {
    const { files, store } = make();
    const half: Fill = (file) => (file.write(Buffer.from('half')), EIO);
    expect(code(store.create(half))).toBe('EIO');
    expect(names(files)).toEqual([]);
    expect(store.create(filling('one'))).toMatchObject({ value: { ordinal: 1 } });
    expect(textOf(store, 1)).toBe('one');
  });

  test('never writes over one that somebody else has put there', () => {
    const { files, store } = make();
    files.openToAppend('/journal/0000000001.journal');
    expect(code(store.create(filling('one')))).toBe('EEXIST');
    expect(textOf(store, 1)).toBe('');
    expect(store.open()).toEqual({ ok: true, value: [1] });
    expect(store.create(filling('two'))).toMatchObject({ value: { ordinal: 2 } });
  });

  test('lists them in their order, however many there are', () => {
    const { files, store } = make();
    for (const ordinal of [3, 20, 100, 9, 1_000_000_000]) files.openToAppend(store.path(ordinal));
    expect(store.open()).toEqual({ ok: true, value: [3, 9, 20, 100, 1_000_000_000] });
  });

  test('sets aside a whole one, or the end of one, and does not use its ordinal again', () => {
    const { files, store } = make();
    for (const text of ['one', 'two, damaged']) store.create(filling(text));
    expect(store.setAside(2, 3)).toEqual({ ok: true, value: '/journal/0000000002.set-aside' });
    expect(textOf(store, 2)).toBe('two');
    expect(store.setAside(1, 0)).toEqual({ ok: true, value: '/journal/0000000001.set-aside' });
    expect(names(files)).toEqual(['0000000001.set-aside', '0000000002.journal', '0000000002.set-aside']);
    expect(store.listAside()).toEqual([1, 2]);
    store.setAside(2, 0);
    expect(store.open()).toEqual({ ok: true, value: [] });
    expect(store.create(filling('three'))).toMatchObject({ value: { ordinal: 3 } });
    store.removeAside(1);
    expect(store.listAside()).toEqual([2]);
  });

  test('says what cannot be set aside', () => {
    const { store } = make();
    expect([code(store.setAside(1, 0)), code(store.setAside(1, 5))]).toEqual(['ENOENT', 'ENOENT']);
    expect(code(store.sizeBytes(1))).toBe('ENOENT');
  });

  test('knows whether a file is still the one of that name', () => {
    const { files, store } = make();
    const made = store.create(filling('one'));
    const file = made.ok ? made.value.file : expect.fail('not made');
    expect(code(store.holds(1, file))).toBe('ok');
    store.remove(1);
    expect(code(store.holds(1, file))).toBe('ENOENT');
    files.openToAppend(store.path(1));
    expect(code(store.holds(1, file))).toBe('ESTALE');
  });
});

describe('copying', () => {
  const copy = (text: string, from: number, to: number): string => {
    const files = new MemoryFiles();
    const source = files.openToAppend('source');
    const target = files.openToAppend('target');
    if (!source.ok || !target.ok) return expect.fail('not opened');
    source.value.write(Buffer.from(text));
    expect(copyBytes((at, length) => files.read('source', at, length), from, to, target.value)).toBe(
      undefined,
    );
    const read = files.read('target', 0, text.length + 1);
    return read.ok ? Buffer.from(read.value).toString() : expect.fail('not read');
  };

  test('takes what is between two offsets, in as many pieces as it needs', () => {
    expect(copy('0123456789', 2, 5)).toBe('234');
    expect(copy('0123456789', 7, Infinity)).toBe('789');
    expect(copy('0123456789', 10, Infinity)).toBe('');
    const long = Array.from({ length: 100_000 }, (_, at) => String(at)).join();
    expect(copy(long, 0, Infinity)).toBe(long);
    expect(copy(long, 1, long.length - 1)).toBe(long.slice(1, -1));
  });

  test('says where reading or writing fails', () => {
    const files = new MemoryFiles();
    const target = files.openToAppend('target');
    if (!target.ok) return expect.fail('not opened');
    const failing = () => ({ ok: false, error: EIO }) as const;
    expect(copyBytes(failing, 0, 5, target.value)).toBe(EIO);
    const full = { ...target.value, write: () => ({ bytes: 0, error: EIO }) };
    expect(copyBytes((at, length) => files.read('target', at, length), 0, 5, target.value)).toBe(undefined);
    target.value.write(Buffer.from('x'));
    expect(
      copyBytes((at, length) => files.read('target', at, length), 0, 5, full as typeof target.value),
    ).toBe(EIO);
  });
});

describe('files in memory', () => {
  test('hold what was written to them, and can be cut', () => {
    const files = new MemoryFiles();
    const file = files.openToAppend('file');
    if (!file.ok) return expect.fail('not opened');
    const large = Buffer.alloc(100_000, 'x');
    file.value.write(Buffer.from('abc'));
    file.value.write(large);
    expect(file.value.status()).toMatchObject({ value: { sizeBytes: 100_003 } });
    file.value.truncate(2);
    file.value.truncate(4);
    const read = files.read('file', 1, 9);
    expect(read.ok && [...read.value]).toEqual([0x62, 0, 0]);
    expect(files.read('file', 99, 9)).toMatchObject({ value: { length: 0 } });
  });

  test('are found by their names, and no longer when they are gone', () => {
    const files = new MemoryFiles();
    files.openToAppend('folder/a');
    expect(files.rename('folder/a', 'folder/b').ok).toBe(true);
    expect(files.list('folder')).toEqual({ ok: true, value: ['b'] });
    expect(files.remove('folder/b').ok).toBe(true);
    const missing = [files.read('folder/b', 0, 1), files.status('folder/b'), files.remove('folder/b')];
    expect([...missing, files.rename('folder/b', 'folder/c')].map(code)).toEqual(Array(4).fill('ENOENT'));
  });

  test('do not pretend that they outlive anything', async () => {
    const files = new MemoryFiles();
    const file = files.openToAppend('file');
    if (!file.ok) return expect.fail('not opened');
    const answers = await Promise.all([
      new Promise<string>((resolve) => {
        file.value.sync((result) => resolve(code(result)));
      }),
      new Promise<string>((resolve) => {
        files.syncFolder('folder', (result) => resolve(code(result)));
      }),
    ]);
    expect([...answers, code(file.value.syncNow())]).toEqual(['EINVAL', 'EINVAL', 'EINVAL']);
  });
});
