import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Keeping } from '../../src/sys/sys.ts';
import { eachTestOwns } from './own-folder.ts';
import { type Folder, until } from './support.ts';
import { Way } from './way.ts';

let folder: Folder;
eachTestOwns((made) => (folder = made));

const rotating = (maxBytes: number, more: Keeping = {}): Keeping => ({
  limits: { maxBytes, drops: false },
  ...more,
});

/** What was set aside, by name. */
function old(way: Way, name = ''): string[] {
  const from = `${way.path}~old`;
  const names = existsSync(from) ? readdirSync(from).sort() : [];
  return names.filter((one) => one.endsWith('~times') === (name !== ''));
}

const oldText = (way: Way, number: number): string =>
  readFileSync(`${way.path}~old/${String(number).padStart(8, '0')}`, 'latin1');

/** Offsets of an index of times. */
function offsets(index: string): number[] {
  const bytes = readFileSync(index);
  return Array.from({ length: bytes.length / 16 }, (_, at) => Number(bytes.readBigUInt64LE(at * 16)));
}

describe('a log that comes to its size', () => {
  it('is set aside at the end of a line, and the next byte makes a new one', async () => {
    const rotated: number[] = [];
    using way = new Way(folder.file('log'), 0o640, rotating(10, { rotated: (files) => rotated.push(files) }));
    writeSync(way.write, '123\n567\nit ends\n');
    expect(way.copying.drain()).toBe(true);
    expect(old(way)).toEqual([]);
    writeSync(way.write, 'new\n');
    expect(way.copying.drain()).toBe(true);
    expect(old(way)).toEqual(['00000001']);
    expect(oldText(way, 1)).toBe('123\n567\nit ends\n');
    expect(way.text).toBe('new\n');
    expect(rotated).toEqual([]);
    await until(() => rotated.length > 0);
    expect(rotated).toEqual([1]);
    expect(statSync(`${way.path}~old/00000001`).mode & 0o777).toBe(0o640);
    expect(statSync(`${way.path}~old`).mode & 0o777).toBe(0o750);
  });

  it('makes as many files as there are sizes in what comes at once, and no byte is missing', () => {
    using way = new Way(folder.file('log'), 0o600, rotating(100));
    const text = Array.from({ length: 200 }, (_, line) => `line ${line}\n`).join('');
    writeSync(way.write, text);
    expect(way.copying.drain()).toBe(true);
    const numbers = old(way).map(Number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const parts = numbers.map((number) => oldText(way, number));
    for (const part of parts) {
      expect(part.endsWith('\n')).toBe(true);
      expect(part.length).toBeGreaterThanOrEqual(100);
      expect(part.length).toBeLessThan(110);
    }
    expect(parts.join('') + way.text).toBe(text);
    expect(way.copying.copiedBytes).toBe(text.length);
  });

  it('takes a line with it that ends within its size again, and cuts a longer one between two characters', () => {
    using way = new Way(folder.file('log'), 0o600, rotating(64));
    const long = 'ä'.repeat(100);
    writeSync(way.write, `${'x'.repeat(100)}\n${long}\nend\n`);
    expect(way.copying.drain()).toBe(true);
    const files = old(way).map((name) => readFileSync(`${way.path}~old/${name}`, 'utf8'));
    expect(files[0]).toBe(`${'x'.repeat(100)}\n`);
    expect(Buffer.byteLength(files[1] ?? '')).toBe(128);
    expect(files[1]).toBe('ä'.repeat(64));
    expect(files.slice(1).join('') + readFileSync(way.path, 'utf8')).toBe(`${long}\nend\n`);
  });

  it('takes its index of times along, and a new one begins at its beginning', () => {
    using way = new Way(folder.file('log'), 0o600, rotating(4));
    writeSync(way.write, 'one\n');
    way.copying.drain();
    writeSync(way.write, 'two\n');
    way.copying.drain();
    writeSync(way.write, 'x\n');
    way.copying.drain();
    expect(old(way, 'times')).toEqual(['00000001~times', '00000002~times']);
    for (const index of [
      `${way.path}~old/00000001~times`,
      `${way.path}~old/00000002~times`,
      `${way.path}~times`,
    ])
      expect(offsets(index)).toEqual([0]);
  });

  it('gets the number behind the highest that is there, compressed or not', () => {
    using way = new Way(folder.file('log'), 0o600, rotating(4));
    mkdirSync(`${way.path}~old`);
    writeFileSync(`${way.path}~old/00000007.gz`, '');
    writeFileSync(`${way.path}~old/00000003`, '');
    writeSync(way.write, 'one\ntwo\n');
    way.copying.drain();
    expect(old(way)).toContain('00000008');
  });

  it('is written on where it cannot be set aside, which is told of, and is when it can', async () => {
    const troubles: string[] = [];
    const notRotated = ({ code }: { readonly code: string }): number => troubles.push(code);
    using way = new Way(folder.file('log'), 0o600, rotating(4, { notRotated }));
    writeFileSync(`${way.path}~old`, 'in the way');
    writeSync(way.write, 'one\ntwo\n');
    expect(way.copying.drain()).toBe(true);
    expect(way.text).toBe('one\ntwo\n');
    await until(() => troubles.length > 0);
    expect(troubles).toEqual(['ENOTDIR']);
    rmSync(`${way.path}~old`);
    for (let line = 0; !existsSync(`${way.path}~old`); line += 1) {
      writeSync(way.write, `${'y'.repeat(500)}\n`);
      way.copying.drain();
      expect(line).toBeLessThan(100);
    }
    expect(oldText(way, 1).startsWith('one\ntwo\ny')).toBe(true);
  });

  it('is left to whoever has moved it away', () => {
    using way = new Way(folder.file('log'), 0o600, rotating(4));
    writeSync(way.write, 'one\n');
    way.copying.drain();
    renameSync(way.path, folder.file('moved'));
    writeSync(way.write, 'two\n');
    way.copying.drain();
    expect(old(way)).toEqual([]);
    expect(readFileSync(folder.file('moved'), 'latin1')).toBe('one\n');
    expect(way.text).toBe('two\n');
  });

  it('is not set aside where its name is a link', () => {
    symlinkSync(folder.file('target'), folder.file('log'));
    writeFileSync(folder.file('target'), '');
    using way = new Way(folder.file('log'), 0o600, rotating(4));
    writeSync(way.write, 'one\ntwo\n');
    expect(way.copying.drain()).toBe(true);
    expect(way.text).toBe('one\ntwo\n');
    expect(existsSync(`${way.path}~old`)).toBe(false);
  });

  it('has its index back where somebody died who had only that set aside', () => {
    {
      using way = new Way(folder.file('log'), 0o600);
      writeSync(way.write, 'one\n');
      way.copying.drain();
    }
    mkdirSync(folder.file('log~old'));
    renameSync(folder.file('log~times'), folder.file('log~old/00000001~times'));
    using way = new Way(folder.file('log'), 0o600, rotating(1000));
    writeSync(way.write, 'two\n');
    way.copying.drain();
    expect(readdirSync(folder.file('log~old'))).toEqual([]);
    expect(offsets(folder.file('log~times'))).toEqual([0, 4]);
  });
});

describe('a log that is opened again', () => {
  it('goes on under its name, the rest of a line that has come where the line is', () => {
    using way = new Way(folder.file('log'));
    writeSync(way.write, 'begun');
    way.copying.drain();
    renameSync(way.path, folder.file('moved'));
    writeSync(way.write, ' and over\nnew\n');
    way.copying.reopen();
    expect(readFileSync(folder.file('moved'), 'latin1')).toBe('begun and over\n');
    way.copying.drain();
    expect(way.text).toBe('new\n');
  });

  it('is cut where nobody has ended its line', () => {
    using way = new Way(folder.file('log'));
    writeSync(way.write, 'begun');
    way.copying.drain();
    renameSync(way.path, folder.file('moved'));
    way.copying.reopen();
    writeSync(way.write, ' and over\n');
    way.copying.drain();
    expect(readFileSync(folder.file('moved'), 'latin1')).toBe('begun');
    expect(way.text).toBe(' and over\n');
  });
});

describe('the log of a command that is run once', () => {
  it('is marked where it is new, and not any more when something else has written to it', () => {
    const mark = folder.file('log~run');
    const write = (isOneOff: boolean): void => {
      using way = new Way(folder.file('log'), 0o600, { isOneOff });
      writeSync(way.write, 'x\n');
      way.copying.drain();
    };
    write(true);
    expect(existsSync(mark)).toBe(true);
    write(true);
    expect(existsSync(mark)).toBe(true);
    write(false);
    expect(existsSync(mark)).toBe(false);
    write(true);
    expect(existsSync(mark)).toBe(false);
  });
});

describe('what a file does not take, where it is not to hold up the writer,', () => {
  it('is counted to the byte, told of in the file, and followed by a whole line', async (context) => {
    const disk = folder.file('disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', disk], { stdio: 'ignore' });
    } catch {
      context.skip('only root may mount a small file system');
    }
    try {
      const missing: { bytes: number; lines: number }[] = [];
      const limits = { maxBytes: 0, drops: true };
      using way = new Way(`${disk}/log`, 0o600, { limits, dropped: (what) => missing.push(what) });
      const line = (number: number): string => `${String(number).padStart(9, '0')}\n`;
      writeFileSync(path.join(disk, 'filler'), Buffer.alloc(128 << 10));
      let written = 0;
      for (; written < 100_000; written += 1) {
        writeSync(way.write, line(written));
        if (written % 1000 === 999) way.copying.drain();
      }
      expect(way.copying.drain()).toBe(false);
      await until(() => way.errors.length > 0);
      expect(way.errors).toMatchObject([{ code: 'ENOSPC' }]);
      expect(missing).toEqual([]);
      unlinkSync(path.join(disk, 'filler'));
      writeSync(way.write, `cut${line(0)}`.slice(0, 5));
      way.copying.drain();
      expect(way.copying.drain()).toBe(true);
      writeSync(way.write, 'after\n');
      expect(way.copying.drain()).toBe(true);
      await until(() => missing.length > 0);
      const [{ bytes, lines } = { bytes: 0, lines: 0 }] = missing;
      const told = `[archon] ${bytes} bytes (${lines} lines) are missing here: ENOSPC\n`;
      expect(way.text).toContain(told);
      const [kept = '', rest = ''] = way.text.split(told);
      /* Where a line was cut it was ended before that. */
      const total = written * 10 + 5 + 6;
      expect([total, total + 1]).toContain(kept.length + bytes + rest.length);
      expect(kept.endsWith('\n')).toBe(true);
      expect(rest.endsWith('after\n')).toBe(true);
    } finally {
      execFileSync('umount', ['--lazy', disk], { stdio: 'ignore' });
    }
  });
});
