import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { realSockets } from '../../src/sys/real/sockets.ts';
import type { Connection } from '../../src/sys/sys.ts';
import { Recorder } from './recorder.ts';
import { Folder, value } from './support.ts';

const IDLE = 3000;
/** Of 64 MiB for 10,000 idle ones. */
const BYTES_EACH = (64 << 20) / 10_000;

describe('a process with many connections', () => {
  it('pays little for idle ones, and nothing for those that have gone', { timeout: 120_000 }, async () => {
    await using folder = await Folder.make();
    const path = folder.file('socket');
    const script = await folder.bundle('holding');
    const server = folder.start(process.execPath, ['--expose-gc', script, path]);
    if (server.stdout === null) throw new Error('no output');
    await once(server.stdout, 'data');
    const asker = new Recorder(value(realSockets.connect(path)));
    const memory = async (): Promise<number> => {
      const from = asker.text.length;
      asker.connection.write(Buffer.from('?'));
      await asker.until(() => asker.text.endsWith('\n') && asker.text.length > from);
      return Number(asker.text.slice(from));
    };
    const descriptors = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
    const open = async (count: number): Promise<Connection[]> => {
      const connections: Connection[] = [];
      while (connections.length < count) {
        const connection = realSockets.connect(path);
        if (connection.ok) connections.push(connection.value);
        else await memory();
      }
      return connections;
    };

    const warmUp = await open(100);
    for (const connection of warmUp) connection.close();
    while (descriptors() > 50) await memory();
    const before = { memory: await memory(), descriptors: descriptors() };

    const idle = await open(IDLE);
    while (descriptors() < IDLE) await memory();
    expect((await memory()) - before.memory).toBeLessThan(IDLE * BYTES_EACH);

    for (const connection of idle) connection.close();
    while (descriptors() > before.descriptors) await memory();
    const settled = await memory();

    for (let round = 0; round < 20; round++) {
      const visitors = await open(500);
      for (const connection of visitors) connection.write(Buffer.from('x'), round % 2 === 0 ? [0] : []);
      for (const connection of visitors) connection.close();
    }
    while (descriptors() > before.descriptors) await memory();
    expect((await memory()) - settled).toBeLessThan(10 << 20);
    asker.connection.close();
    server.kill();
    await once(server, 'close');
  });
});
