import { existsSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { expect, it } from 'vitest';
import { compileFixture } from '../../support/fixture.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { logOf, textsIn } from './log-rig.ts';

/** `ARCHON_LOGS=full` makes these tests as large as they are meant. */
const IS_FULL = process.env['ARCHON_LOGS'] === 'full';

/** On a machine that does much else. */
const PATIENCE_MS = 1_800_000;

/** A line of the fixture `numbered`. */
const LINE_BYTES = 100;

/** A log, or an old one by its number, which may be compressed at any moment. */
async function* contentOf(path: string): AsyncIterable<Buffer> {
  const plain = await open(path).catch(() => undefined);
  const file = plain ?? (await open(`${path}.gz`));
  const stream = file.createReadStream({ highWaterMark: 1 << 20 });
  yield* (plain === undefined ? stream.pipe(createGunzip()) : stream) as AsyncIterable<Buffer>;
}

/** Reads numbered lines out of files as if they were one; how many there are, and the first thing that is wrong with them. */
async function count(files: readonly string[]): Promise<{ readonly lines: number; readonly wrong?: string }> {
  let lines = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (const file of files) {
    for await (const piece of contentOf(file)) {
      const held: Buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let at = 0;
      for (; at + LINE_BYTES <= held.length; at += LINE_BYTES) {
        const line = held.toString('latin1', at, at + 12);
        if (Number(line) !== lines || held[at + LINE_BYTES - 1] !== 0x0a)
          return { lines, wrong: `${file}: ${held.toString('latin1', at, at + LINE_BYTES)}` };
        lines += 1;
      }
      rest = held.subarray(at);
    }
  }
  return rest.length === 0 ? { lines } : { lines, wrong: `a part of a line: ${rest.toString('latin1')}` };
}

function filesOf(log: string): string[] {
  const folder = `${log}~old`;
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const numbers = [...new Set(names.map((name) => name.slice(0, 8)))].sort();
  return [...numbers.map((number) => `${folder}/${number}`), log];
}

it(
  'numbered lines as fast as a process can write them are all there, once and in order, over rotation and deaths of archond',
  { timeout: PATIENCE_MS },
  async () => {
    await using supervisor = await TestSupervisor.start();
    const program = compileFixture('numbered', supervisor.folder + '/state');
    const bytes = (IS_FULL ? 1024 : 48) << 20;
    const deaths = IS_FULL ? 20 : 5;
    const lines = Math.floor(bytes / LINE_BYTES);
    const max = IS_FULL ? '10M' : '1M';
    supervisor.signal('SIGTERM');
    await supervisor.ended();
    const config = `version: 1
units:
  flood:
    type: oneshot
    restart: never
    command: ${program} ${lines} ${supervisor.folder}/out
    log: {max: ${max}, keep: 1000}
`;
    await using running = await supervisor.again({ config });
    const log = logOf(running, 'flood');
    const written = (): number => filesOf(log).length - 1;
    const files = bytes / (Number(max.slice(0, -1)) << 20);
    for (let death = 1; death <= deaths; death += 1) {
      /* A different moment each time, while it is written. */
      const due = (files * death) / (deaths + 2);
      await expect.poll(written, { interval: 3, timeout: 600_000 }).toBeGreaterThanOrEqual(due);
      await running.killDeciding();
    }
    expect(await running.ask('Wait,flood,@for=finished')).toEqual(['Ok']);
    expect(running.readyCount).toBe(deaths + 1);
    expect(await count(filesOf(log))).toEqual({ lines });
  },
);

it(
  'a process that writes one line and ends has it in its log before its end is told',
  { timeout: PATIENCE_MS },
  async () => {
    await using supervisor = await TestSupervisor.start();
    const runs = IS_FULL ? 1000 : 40;
    using events = await StreamClient.connect(supervisor.socket, 'Subscribe,one*');
    await events.untilLine(/^Ok,/);
    using client = await StreamClient.connect(supervisor.socket);
    let told = 0;
    for (let run = 0; run < runs; run += 1) {
      const label = `one${run % 10}`;
      client.send(`Run,sh -c 'echo line ${run}; exit 3',@label=${label}`);
      let end: string | undefined;
      while (end === undefined) {
        await events.until((lines) => lines.length > told);
        end = events.lines.slice(told).find((line) => line.includes(',exited,'));
        told = events.lines.length;
      }
      const [last = ''] = textsIn(await supervisor.ask(`Log,${label},@lines=1`));
      expect(last).toBe(`line ${run}`);
      expect(end).toContain('code=3');
    }
    await client.until((lines) => lines.length === runs);
  },
);

it(
  'of many units that write, one of which floods, nothing is lost, and List is answered all the while',
  { timeout: PATIENCE_MS },
  async () => {
    const writers = IS_FULL ? 500 : 30;
    await using supervisor = await TestSupervisor.start();
    const program = compileFixture('numbered', supervisor.folder + '/state');
    using client = await StreamClient.connect(supervisor.socket);
    const each = IS_FULL ? 200 : 40;
    const flood = IS_FULL ? 4_000_000 : 100_000;
    client.send(`#flood,Run,${program} ${flood},@label=flood`);
    for (let writer = 0; writer < writers; writer += 1)
      client.send(`#${writer},Run,${program} ${each} - 5,@label=w/${writer}`);
    const asked: number[] = [];
    using asking = await StreamClient.connect(supervisor.socket);
    while (!client.lines.some((line) => line.startsWith('#flood,'))) {
      const begun = process.hrtime.bigint();
      asking.send('List');
      await asking.untilLine(/^Ok,\d+$/);
      asked.push(Number(process.hrtime.bigint() - begun) / 1e6);
      asking.takeLines();
    }
    await client.until((lines) => lines.length === writers + 1);
    expect(client.lines.every((line) => line.endsWith(',ExitStatus,0'))).toBe(true);
    for (let writer = 0; writer < writers; writer += 1)
      expect(await count([logOf(supervisor, `w/${writer}`)])).toEqual({ lines: each });
    const kept = textsIn(await supervisor.ask('Log,flood')).map((text) => Number(text.slice(0, 11)));
    expect(kept).toEqual(kept.map((_, index) => (kept[0] ?? NaN) + index));
    expect(kept.at(-1)).toBe(flood - 1);
    if (IS_FULL) {
      asked.sort((one, other) => one - other);
      const at = (part: number): string => (asked[Math.floor(asked.length * part)] ?? 0).toFixed(1);
      console.log(
        `List while 500 write and one floods: ${asked.length} times, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
      );
    }
  },
);
