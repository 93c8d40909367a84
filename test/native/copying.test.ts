import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  constants,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realOutput } from '../../src/sys/real/output.ts';
import type { Copying, SysError } from '../../src/sys/sys.ts';
import { Folder, loopIsIdle, openDescriptors, until, value } from './support.ts';

const UID = process.getuid?.() ?? 0;
let folder: Folder;
let before: Map<number, string>;

beforeEach(async () => {
  before = openDescriptors();
  folder = await Folder.make();
});

afterEach(async () => {
  await folder[Symbol.asyncDispose]();
  expect([...openDescriptors()].filter(([number]) => !before.has(number))).toEqual([]);
});

/** A pipe on its way to a file, closed at the end of the test. */
class Way implements Disposable {
  readonly write: number;
  readonly path: string;
  readonly copying: Copying;
  readonly errors: SysError[] = [];

  constructor(path = folder.file('log'), mode = 0o600) {
    const { read, write } = value(realOutput.pipe(UID));
    this.write = write;
    this.path = path;
    this.copying = realOutput.copy(read, path, mode, (error) => this.errors.push(error));
  }

  get text(): string {
    return existsSync(this.path) ? readFileSync(this.path, 'latin1') : '';
  }

  [Symbol.dispose](): void {
    this.copying.close();
    closeSync(this.write);
  }
}

async function digest(stream: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha1');
  for await (const part of stream) hash.update(part as Buffer);
  return hash.digest('hex');
}

describe('what is written to the pipe', () => {
  it('comes into the file without anyone asking for it', async () => {
    using way = new Way();
    writeSync(way.write, 'one\n');
    await until(() => way.text === 'one\n');
    writeSync(way.write, 'two\n');
    await until(() => way.text === 'one\ntwo\n');
    expect(way.copying.copiedBytes).toBe(8);
  });

  it('goes behind what the file holds, also where others write there or cut it short', async () => {
    using way = new Way();
    appendFileSync(way.path, 'before\n');
    writeSync(way.write, 'one\n');
    await until(() => way.text === 'before\none\n');
    appendFileSync(way.path, 'between\n');
    writeSync(way.write, 'two\n');
    await until(() => way.text.endsWith('two\n'));
    expect(way.text).toBe('before\none\nbetween\ntwo\n');
    truncateSync(way.path);
    writeSync(way.write, 'three\n');
    await until(() => way.text !== '');
    expect(way.text).toBe('three\n');
  });

  it('makes the file, with the mode that was asked for whatever the umask', async () => {
    const mask = process.umask(0o777);
    try {
      using way = new Way(folder.file('made'), 0o640);
      expect(existsSync(way.path)).toBe(false);
      writeSync(way.write, 'x');
      expect(way.copying.drain()).toBe(true);
      expect(statSync(way.path).mode & 0o777).toBe(0o640);
    } finally {
      process.umask(mask);
    }
  });

  it('leaves the mode of a file that is there alone', () => {
    using way = new Way();
    appendFileSync(way.path, '', { mode: 0o604 });
    const { mode } = statSync(way.path);
    writeSync(way.write, 'x');
    way.copying.drain();
    expect(statSync(way.path).mode).toBe(mode);
  });

  it('comes whole where it is 280 MB of a quick writer', async () => {
    const script = ['1', '33000000'];
    using way = new Way();
    const writer = folder.start('seq', script, ['ignore', way.write, 'inherit']);
    await once(writer, 'exit');
    expect(way.copying.drain()).toBe(true);
    const expected = folder.start('seq', script);
    if (expected.stdout === null) throw new Error('no output');
    const [want, got] = await Promise.all([digest(expected.stdout), digest(createReadStream(way.path))]);
    expect(got).toBe(want);
    expect(way.copying.copiedBytes).toBe(statSync(way.path).size);
    expect(way.errors).toEqual([]);
  });

  it('comes whole and in order where it is many small writes', async () => {
    using way = new Way();
    const count = 200_000;
    const writer = folder.start(
      await folder.compile('trickle'),
      [String(count), '40'],
      ['ignore', way.write, 'ignore'],
    );
    await once(writer, 'exit');
    expect(way.copying.drain()).toBe(true);
    const lines = way.text.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines).toHaveLength(count);
    expect(lines.findIndex((line, i) => line.length !== 39 || Number(line.slice(0, 10)) !== i)).toBe(-1);
  });

  it('of many pipes at the same time comes into each one’s own file', async () => {
    const trickle = await folder.compile('trickle');
    const ways = Array.from({ length: 20 }, (_, i) => new Way(folder.file(`log-${i}`)));
    try {
      const writers = ways.map((way, i) =>
        folder.start(trickle, [String(2000 + i), '64'], ['ignore', way.write, 'ignore']),
      );
      await Promise.all(writers.map((writer) => once(writer, 'exit')));
      for (const [i, way] of ways.entries()) {
        expect(way.copying.drain()).toBe(true);
        expect(way.text).toHaveLength((2000 + i) * 64);
      }
    } finally {
      for (const way of ways) way[Symbol.dispose]();
    }
  });

  it('leaves the loop its turns while it floods', async () => {
    using way = new Way();
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns++;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    const writer = folder.start('head', ['-c', '200M', '/dev/zero'], ['ignore', way.write, 'ignore']);
    await once(writer, 'exit');
    isOver = true;
    way.copying.drain();
    // Each turn moves 256 KiB at most, and a bit more in its last piece.
    expect(turns).toBeGreaterThan((200 << 20) / (512 << 10));
    expect(way.copying.copiedBytes).toBe(200 << 20);
  });

  it('is not lost and not doubled by a SIGKILL of the one that copies', async () => {
    const script = ['1', '8000000'];
    const copier = await folder.bundle('copier');
    const { read, write } = value(realOutput.pipe(UID));
    const path = folder.file('log');
    const size = (): number => (existsSync(path) ? statSync(path).size : 0);
    const writer = folder.start('seq', script, ['ignore', write, 'ignore']);
    const isWritten = once(writer, 'exit');
    for (let kills = 0; kills < 12; kills++) {
      const child = folder.start(
        process.execPath,
        [copier, path],
        ['ignore', 'pipe', 'inherit' as never, read],
      );
      if (child.stdout === null) throw new Error('no output');
      await once(child.stdout, 'data');
      const begun = size();
      // A different moment each time.
      await until(() => size() >= begun + kills * 300_000 || writer.exitCode !== null);
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const last = realOutput.copy(read, path, 0o600, () => undefined);
    await isWritten;
    expect(last.drain()).toBe(true);
    last.close();
    closeSync(write);
    const expected = folder.start('seq', script);
    if (expected.stdout === null) throw new Error('no output');
    const [want, got] = await Promise.all([digest(expected.stdout), digest(createReadStream(path))]);
    expect(got).toBe(want);
  });
});

describe('a file that takes no more', () => {
  it('is told of once; the rest waits in the pipe and comes after a drain that succeeds', async () => {
    const script = await folder.bundle('limited');
    // 64 blocks: 32 KiB or 64 KiB, as the shell counts them.
    const { stdout } = await folder.run('sh', [
      '-c',
      `ulimit -f 64; exec "$@"`,
      'sh',
      process.execPath,
      script,
      folder.file('log'),
    ]);
    const { standing, told, wentOn, errors } = JSON.parse(stdout) as {
      standing: { size: number; copied: number; again: boolean };
      told: string[];
      wentOn: { drained: boolean; more: boolean; size: number; copied: number; finalSize: number };
      errors: number;
    };
    expect([32_768, 65_536]).toContain(standing.size);
    expect(standing.copied).toBe(standing.size);
    expect(standing.again).toBe(false);
    expect(told).toEqual(['EFBIG']);
    expect(wentOn.drained).toBe(true);
    expect(wentOn.more).toBe(true);
    expect(wentOn.copied % 1000).toBe(0);
    expect(wentOn.finalSize).toBe(wentOn.copied - standing.size);
    expect(errors).toBe(1);
  });

  it('because the disk is full has its bytes when there is room again', async (context) => {
    const disk = folder.file('disk');
    const mounted = await folder.run('sh', [
      '-c',
      `mkdir "$1" && mount -t tmpfs -o size=256k none "$1"`,
      'sh',
      disk,
    ]);
    if (mounted.code !== 0) context.skip('only root may mount a small file system');
    try {
      using way = new Way(`${disk}/log`);
      appendFileSync(`${disk}/filler`, Buffer.alloc(200 << 10));
      const line = Buffer.alloc(1000, 'y');
      let written = 0;
      while (way.errors.length === 0) {
        if (written < 100_000) written += writeSync(way.write, line);
        await new Promise((go) => setImmediate(go));
      }
      expect(way.errors[0]).toMatchObject({ code: 'ENOSPC', errno: 28, call: 'splice' });
      expect(way.copying.drain()).toBe(false);
      expect(way.text.length).toBe(way.copying.copiedBytes);
      truncateSync(`${disk}/filler`);
      expect(way.copying.drain()).toBe(true);
      expect(way.copying.copiedBytes).toBe(written);
      writeSync(way.write, line);
      await until(() => way.text.length === written + 1000);
      expect(way.errors).toHaveLength(1);
    } finally {
      await folder.run('umount', [disk]);
    }
  });

  it('whose folder is missing is told of, and made once the folder is', async () => {
    using way = new Way(folder.file('missing/log'));
    writeSync(way.write, 'waits\n');
    await until(() => way.errors.length > 0);
    expect(way.errors).toMatchObject([{ code: 'ENOENT', call: 'open' }]);
    await folder.run('mkdir', [folder.file('missing')]);
    expect(way.copying.drain()).toBe(true);
    expect(way.text).toBe('waits\n');
    writeSync(way.write, 'flows\n');
    await until(() => way.text === 'waits\nflows\n');
  });

  it('is told of after the drain that met it, not inside it', async () => {
    using way = new Way(folder.file('missing/log'));
    writeSync(way.write, 'x');
    expect(way.copying.drain()).toBe(false);
    expect(way.errors).toEqual([]);
    await until(() => way.errors.length > 0);
    expect(way.copying.drain()).toBe(false);
    await new Promise((go) => setImmediate(go));
    expect(way.errors).toHaveLength(1);
  });
});

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
