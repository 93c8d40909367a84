import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { native } from '../../src/sys/native.ts';
import { realDescriptors } from '../../src/sys/real/descriptors.ts';
import { mustSucceed, nativeError, nativeResult } from '../../src/sys/real/native-error.ts';
import { numbers } from '../../src/sys/real/reactor.ts';
import { codeOf, Folder, openDescriptors, value } from './support.ts';

const CLOSE_ON_EXEC = 0o2000000;

let before: number;

beforeEach(() => {
  before = openDescriptors().size;
});

afterEach(() => {
  expect(openDescriptors().size).toBe(before);
});

function flagsOf(descriptor: number): number {
  const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
  return Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? '', 8);
}

/** All that can be read from a descriptor, up to its end. */
function contents(descriptor: number): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(100_000);
    const count = readSync(descriptor, part);
    if (count === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, count));
  }
}

describe('a descriptor that holds bytes', () => {
  for (const size of [0, 1, 4096, 65_536]) {
    it(`is a pipe where it is ${size}`, () => {
      const bytes = Buffer.alloc(size, 'abc');
      const descriptor = value(realDescriptors.holding(bytes));
      expect(fstatSync(descriptor).isFIFO()).toBe(true);
      expect(flagsOf(descriptor) & CLOSE_ON_EXEC).toBe(CLOSE_ON_EXEC);
      expect(contents(descriptor).equals(bytes)).toBe(true);
      closeSync(descriptor);
    });
  }

  it('is a file that its reader cannot change where a pipe would not take them', () => {
    const bytes = Buffer.alloc(1 << 20, 'abc');
    const descriptor = value(realDescriptors.holding(bytes));
    expect(fstatSync(descriptor).isFile()).toBe(true);
    expect(contents(descriptor).equals(bytes)).toBe(true);
    expect(() => writeSync(descriptor, 'x')).toThrow('EBADF');
    closeSync(descriptor);
  });
});

describe('a duplicate', () => {
  it('shares the position, is closed on exec, and is never 0, 1 or 2', () => {
    const first = value(realDescriptors.holding(Buffer.from('ab')));
    const second = value(realDescriptors.duplicate(first));
    expect(second).toBeGreaterThan(2);
    expect(flagsOf(second) & CLOSE_ON_EXEC).toBe(CLOSE_ON_EXEC);
    const byte = Buffer.alloc(1);
    readSync(first, byte);
    readSync(second, byte);
    expect(byte.toString()).toBe('b');
    closeSync(first);
    closeSync(second);
    expect(codeOf(realDescriptors.duplicate(second))).toBe('EBADF');
  });

  it('can be made to stay open on exec, and to close again', async () => {
    await using folder = await Folder.make();
    const descriptor = value(realDescriptors.openNull());
    expect(mustSucceed(native.setCloseOnExec(descriptor, 0))).toBe(0);
    expect(flagsOf(descriptor) & CLOSE_ON_EXEC).toBe(0);
    mustSucceed(native.setCloseOnExec(descriptor, 1));
    expect(flagsOf(descriptor) & CLOSE_ON_EXEC).toBe(CLOSE_ON_EXEC);
    const { stdout } = await folder.run('ls', ['/proc/self/fd']);
    expect(stdout.split('\n')).not.toContain(String(descriptor));
    closeSync(descriptor);
    expect(nativeError(native.setCloseOnExec(descriptor, 1))).toMatchObject({ code: 'EBADF', call: 'fcntl' });
  });
});

describe('sealed memory', () => {
  it('holds the bytes, and nobody can change, shorten or lengthen it', () => {
    const bytes = Buffer.from('a spawn block, and what lies behind it');
    const descriptor = mustSucceed(native.sealedMemfd(bytes, 13));
    expect(contents(descriptor).toString()).toBe('a spawn block');
    // A descriptor of its own, open for writing, gets no further.
    expect(() => writeSync(descriptor, 'x', 0)).toThrow('EPERM');
    expect(() => ftruncateSync(descriptor, 5)).toThrow('EPERM');
    expect(() => ftruncateSync(descriptor, 500)).toThrow('EPERM');
    expect(flagsOf(descriptor) & CLOSE_ON_EXEC).toBe(CLOSE_ON_EXEC);
    closeSync(descriptor);
  });

  it('cannot be made of more than there is', () => {
    expect(nativeError(native.sealedMemfd(Buffer.alloc(10), 11))).toMatchObject({ code: 'EINVAL' });
    expect(nativeError(native.sealedMemfd(Buffer.alloc(10), -1))).toMatchObject({ code: 'EINVAL' });
  });
});

describe('a shared mapping', () => {
  it('shows what others write into the file, and they what is written here', async () => {
    await using folder = await Folder.make();
    writeFileSync(folder.file('table'), Buffer.alloc(8192));
    const descriptor = openSync(folder.file('table'), 'r+');
    const [one, other] = [native.mapShared(descriptor), native.mapShared(descriptor)];
    if (typeof one === 'number' || typeof other === 'number') throw new Error('not mapped');
    closeSync(descriptor);
    expect([one.byteLength, other.byteLength]).toEqual([8192, 8192]);
    Atomics.store(new BigUint64Array(one), 3, 2n ** 63n + 5n);
    expect(Atomics.load(new BigUint64Array(other), 3)).toBe(2n ** 63n + 5n);
    expect(readFileSync(folder.file('table')).readBigUInt64LE(24)).toBe(2n ** 63n + 5n);
    writeFileSync(folder.file('table'), 'written', { flag: 'r+' });
    expect(Buffer.from(one).toString('latin1', 0, 7)).toBe('written');
  });

  it('cannot be had of what is empty, read-only or no file', async () => {
    await using folder = await Folder.make();
    writeFileSync(folder.file('empty'), '');
    writeFileSync(folder.file('full'), 'x');
    const cases: readonly [path: string, flags: string, code: string][] = [
      [folder.file('empty'), 'r+', 'EINVAL'],
      [folder.file('full'), 'r', 'EACCES'],
      [folder.path, 'r', 'EACCES'],
    ];
    for (const [path, flags, code] of cases) {
      const descriptor = openSync(path, flags);
      const failed = native.mapShared(descriptor);
      expect(typeof failed === 'number' && nativeError(failed)?.code).toBe(code);
      closeSync(descriptor);
    }
  });
});

describe('the limit of descriptors', () => {
  it('is that of this process', () => {
    mustSucceed(native.descriptorLimit());
    const [, soft, hard] =
      /Max open files\s+(\S+)\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    const shown = [...numbers.subarray(0, 2)].map((number) => (number < 0 ? 'unlimited' : String(number)));
    expect(shown).toEqual([soft, hard]);
  });
});

describe('a failure', () => {
  it('is told by name, number and call', () => {
    expect(nativeError(native.duplicate(100_000))).toEqual({
      code: 'EBADF',
      errno: 9,
      call: 'fcntl(F_DUPFD)',
    });
    expect(nativeError(native.openPidfd(-1))).toEqual({ code: 'EINVAL', errno: 22, call: 'pidfd_open' });
    expect(nativeResult(7)).toEqual({ ok: true, value: 7 });
    expect(nativeError(-1)).toBe(undefined);
    expect(() => mustSucceed(native.kindOf(100_000))).toThrow('fstat: EBADF');
  });

  it('has a name for every call', () => {
    expect(native.calls.slice(1).every((call) => call !== '')).toBe(true);
    expect(new Set(native.calls).size).toBe(native.calls.length);
  });

  it('of arguments that make no sense is one too, and no crash', () => {
    const anything = native as unknown as Record<string, (...given: unknown[]) => unknown>;
    // Not NaN: as a number of C it is 0, which is open.
    const odd: unknown[] = [
      undefined,
      null,
      'text',
      {},
      [],
      -1,
      2 ** 31,
      new Float64Array(4),
      () => undefined,
    ];
    const harmless = [
      'write',
      'queued',
      'read',
      'closeStream',
      'listen',
      'unlisten',
      'connect',
      'resumeAccept',
      'send',
      'closeChannel',
    ];
    harmless.push(
      'openChannel',
      'watchProcess',
      'unwatchProcess',
      'signalPidfd',
      'pidOfPidfd',
      'drainCopy',
      'copiedBytes',
      'closeCopy',
    );
    harmless.push('copy', 'kindOf', 'duplicate', 'sealedMemfd', 'mapShared', 'reopenPipe', 'exec');
    for (const name of harmless) {
      for (const one of odd)
        for (const other of odd) expect(() => anything[name]?.(one, other, one), name).not.toThrow();
    }
    expect(() => native.start(() => undefined, Buffer.alloc(1), new Int32Array(1))).toThrow('once');
  });
});
