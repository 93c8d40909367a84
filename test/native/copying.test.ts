import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { realOutput } from '../../src/sys/real/output.ts';

import { eachTestOwns } from './own-folder.ts';
import { type Folder, until, value } from './support.ts';
import { UID, Way } from './way.ts';

let folder: Folder;
eachTestOwns((made) => (folder = made));

async function digest(stream: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha1');
  for await (const part of stream) hash.update(part as Buffer);
  return hash.digest('hex');
}

describe('what is written to the pipe', () => {
  it('comes into the file without anyone asking for it', async () => {
    using way = new Way(folder.file('log'));
    writeSync(way.write, 'one\n');
    await until(() => way.text === 'one\n');
    writeSync(way.write, 'two\n');
    await until(() => way.text === 'one\ntwo\n');
    expect(way.copying.copiedBytes).toBe(8);
  });

  it('goes behind what the file holds, also where others write there or cut it short', async () => {
    using way = new Way(folder.file('log'));
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

  it('makes the file, with the mode that was asked for whatever the umask', () => {
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

  it('makes the folders above it, which who may read the file may pass', () => {
    const mask = process.umask(0o777);
    try {
      using way = new Way(folder.file('one/two/log'), 0o640);
      expect(existsSync(folder.file('one'))).toBe(false);
      writeSync(way.write, 'x');
      expect(way.copying.drain()).toBe(true);
      expect(statSync(folder.file('one')).mode & 0o777).toBe(0o750);
      expect(statSync(folder.file('one/two')).mode & 0o777).toBe(0o750);
      expect(statSync(way.path).mode & 0o777).toBe(0o640);
    } finally {
      process.umask(mask);
    }
  });

  it('leaves the mode of a file that is there alone', () => {
    using way = new Way(folder.file('log'));
    appendFileSync(way.path, '', { mode: 0o604 });
    const { mode } = statSync(way.path);
    writeSync(way.write, 'x');
    way.copying.drain();
    expect(statSync(way.path).mode).toBe(mode);
  });

  it('comes whole where it is 280 MB of a quick writer', async () => {
    const script = ['1', '33000000'];
    using way = new Way(folder.file('log'));
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
    using way = new Way(folder.file('log'));
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
    using way = new Way(folder.file('log'));
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
      const child = folder.start(process.execPath, [copier, path], ['ignore', 'pipe', 'inherit', read]);
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
        // Who writes more than a pipe takes waits, and would wait for itself.
        if (written < Math.min(100_000, way.copying.copiedBytes + 60_000))
          written += writeSync(way.write, line);
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

  it('whose folder is a file is told of, and made once that is gone', async () => {
    writeFileSync(folder.file('obstacle'), '');
    using way = new Way(folder.file('obstacle/log'));
    writeSync(way.write, 'waits\n');
    await until(() => way.errors.length > 0);
    expect(way.errors).toMatchObject([{ code: 'ENOTDIR', call: 'open' }]);
    rmSync(folder.file('obstacle'));
    expect(way.copying.drain()).toBe(true);
    expect(way.text).toBe('waits\n');
    writeSync(way.write, 'flows\n');
    await until(() => way.text === 'waits\nflows\n');
  });

  it('is told of after the drain that met it, not inside it', async () => {
    writeFileSync(folder.file('obstacle'), '');
    using way = new Way(folder.file('obstacle/log'));
    writeSync(way.write, 'x');
    expect(way.copying.drain()).toBe(false);
    expect(way.errors).toEqual([]);
    await until(() => way.errors.length > 0);
    expect(way.copying.drain()).toBe(false);
    await new Promise((go) => setImmediate(go));
    expect(way.errors).toHaveLength(1);
  });
});
