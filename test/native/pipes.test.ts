import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { realOutput } from '../../src/sys/real/output.ts';
import { eachTestOwns } from './own-folder.ts';
import { type Folder, loopIsIdle, openDescriptors, until, value } from './support.ts';
import { UID, Way } from './way.ts';

let folder: Folder;
eachTestOwns((made) => (folder = made));

describe('a target that cannot be spliced to', () => {
  it('is written to: a FIFO, as far as it takes it, and on when it takes more', async () => {
    const path = folder.file('fifo');
    await folder.run('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(1 << 20);
    let got = '';
    const take = (): void => {
      const count = readSync(reader, bytes);
      got += bytes.toString('latin1', 0, count);
    };
    {
      using way = new Way(path);
      writeSync(way.write, 'through\n');
      expect(way.copying.drain()).toBe(true);
      take();
      expect(got).toBe('through\n');
      const piece = Buffer.alloc(30_000, 'f');
      let written = got.length;
      for (let i = 0; i < 4; i++) {
        written += writeSync(way.write, piece);
        way.copying.drain();
      }
      await until(() => way.errors.length > 0);
      expect(way.errors[0]?.code).toBe('EAGAIN');
      while (got.length < written) {
        take();
        way.copying.drain();
      }
      expect(got).toBe(`through\n${'f'.repeat(120_000)}`);
      expect(way.copying.copiedBytes).toBe(written);
    }
    closeSync(reader);
  });

  it('is told of where it refuses, as a full device does', async () => {
    using way = new Way('/dev/full');
    writeSync(way.write, 'x');
    await until(() => way.errors.length > 0);
    expect(way.errors[0]?.code).toBe('ENOSPC');
    expect(way.copying.drain()).toBe(false);
  });

  it('takes everything where it is /dev/null', () => {
    using way = new Way('/dev/null');
    writeSync(way.write, 'x'.repeat(5000));
    expect(way.copying.drain()).toBe(true);
    expect(way.copying.copiedBytes).toBe(5000);
  });

  it('that nobody reads is told of instead of being waited for', async () => {
    const path = folder.file('fifo');
    await folder.run('mkfifo', [path]);
    using way = new Way(path);
    writeSync(way.write, 'x');
    await until(() => way.errors.length > 0);
    expect(way.errors[0]?.code).toBe('ENXIO');
  });
});

describe('the pipe', () => {
  it('without any writer keeps nobody awake, and goes on with the next writer', async () => {
    const { read, write } = value(realOutput.pipe(UID));
    const path = folder.file('log');
    const copying = realOutput.copy(read, path, 0o600, () => undefined);
    writeSync(write, 'first\n');
    closeSync(write);
    await until(() => existsSync(path) && statSync(path).size === 6);
    expect(await loopIsIdle(folder)).toBe(true);
    await folder.run('sh', ['-c', `echo second > /proc/${process.pid}/fd/${read}`]);
    await until(() => readFileSync(path, 'latin1') === 'first\nsecond\n');
    copying.close();
  });

  it('stays with what is in it when the copying is closed', () => {
    const { read, write } = value(realOutput.pipe(UID));
    const copying = realOutput.copy(read, folder.file('log'), 0o600, () => undefined);
    const other = openSync(`/proc/self/fd/${read}`, 'r');
    writeSync(write, 'kept');
    copying.close();
    expect(() => copying.drain()).toThrow('closed');
    const bytes = Buffer.alloc(10);
    expect(bytes.toString('latin1', 0, readSync(other, bytes))).toBe('kept');
    closeSync(other);
    closeSync(write);
  });

  it('is not ended for its writer by the end of all readers', () => {
    const { read, write } = value(realOutput.pipe(UID));
    closeSync(read);
    expect(writeSync(write, 'still writable')).toBe(14);
    const again = value(realOutput.reopen(write));
    const bytes = Buffer.alloc(20);
    expect(bytes.toString('latin1', 0, readSync(again.write, bytes))).toBe('still writable');
    closeSync(again.write);
    closeSync(write);
  });

  it('has the identity that /proc shows', () => {
    const { read, write, identity } = value(realOutput.pipe(UID));
    expect(openDescriptors().get(read)).toBe(`pipe:[${identity.inode}]`);
    expect(openDescriptors().get(write)).toBe(`pipe:[${identity.inode}]`);
    closeSync(read);
    closeSync(write);
  });

  it('belongs to the user that it is made for, who can open /dev/stdout then', async (context) => {
    if (UID !== 0) context.skip('only root may give a pipe away');
    const { read, write } = value(realOutput.pipe(65_534));
    const script =
      'require("child_process").spawnSync("sh", ["-c", "echo opened > /dev/stdout"], { uid: 65534, stdio: "inherit" })';
    const child = folder.start(process.execPath, ['-e', script], ['ignore', write, 'inherit']);
    await once(child, 'exit');
    const bytes = Buffer.alloc(20);
    expect(bytes.toString('latin1', 0, readSync(read, bytes))).toBe('opened\n');
    closeSync(read);
    closeSync(write);
  });

  it('cannot be reopened from what is none', () => {
    const file = openSync('/dev/null', 'r');
    expect(realOutput.reopen(file)).toMatchObject({ ok: false, error: { code: 'EINVAL' } });
    closeSync(file);
    expect(realOutput.reopen(file)).toMatchObject({ ok: false, error: { code: 'EBADF' } });
  });
});
