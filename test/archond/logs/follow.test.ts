import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { following, linesIn, logOf, OPENED, textsIn, written } from './log-rig.ts';

let supervisor: TestSupervisor;

beforeAll(async () => {
  supervisor = await TestSupervisor.start();
  mkdirSync(path.join(supervisor.folder, 'out'));
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

/** A daemon that writes what it is told to. */
class Writer {
  readonly label: string;
  readonly #fifo: string;

  private constructor(label: string, fifo: string) {
    this.label = label;
    this.#fifo = fifo;
  }

  static async start(label: string): Promise<Writer> {
    const fifo = path.join(supervisor.folder, 'out', label);
    execFileSync('mkfifo', [fifo]);
    /* Open for both it never ends, and what is written while nobody reads is not lost. */
    const command = `sh -c 'exec cat 0<> ${fifo}'`;
    const [answer = ''] = await supervisor.ask(`StartDaemon,${command},@label=${label}`);
    expect(answer).toMatch(/^Ok,/);
    return new Writer(label, fifo);
  }

  /** Has it write this, and waits until it has taken it. */
  write(text: string): void {
    appendFileSync(this.#fifo, text);
  }

  async stop(): Promise<void> {
    expect(await supervisor.ask(`StopDaemon,${this.label}`)).toEqual(['Ok']);
  }
}

const has = (text: string) => (lines: readonly string[]) => textsIn(lines).includes(text);

describe('Log with @follow', () => {
  it('sends what has been, its Ok, and then what comes, each line once', async () => {
    const writer = await Writer.start('all');
    writer.write('one\ntwo\n');
    using early = await following(supervisor, 'all');
    await early.until(has('two'));
    writer.write('three\n');
    await early.until(has('three'));
    using late = await following(supervisor, 'all', '@lines=1');
    writer.write('four\n');
    await late.until(has('four'));
    await early.until(has('four'));
    expect(textsIn(early.lines)).toEqual(['one', 'two', 'three', 'four']);
    expect(late.lines.map((line) => line.replace(/^Line,[\d.]+/, 'Line'))).toEqual([
      'Line,three',
      'Ok,1',
      'Line,four',
    ]);
    await writer.stop();
  });

  it('has the times at which lines came, the same however often they are asked for', async () => {
    const writer = await Writer.start('times');
    const before = Date.now() / 1000;
    using client = await following(supervisor, 'times');
    for (const text of ['a', 'b', 'c']) {
      writer.write(`${text}\n`);
      await client.until(has(text));
    }
    const live = linesIn(client.lines);
    expect(linesIn(await supervisor.ask('Log,times'))).toEqual(live);
    const times = live.map(({ time }) => Number(time));
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(times[0]).toBeGreaterThan(before - 1);
    expect(times[2]).toBeLessThanOrEqual(Date.now() / 1000 + 1);
    /* Those of one millisecond have one time. */
    for (const { time } of live) {
      const since = live.slice(live.findIndex((line) => line.time === time));
      expect(linesIn(await supervisor.ask(`Log,times,@since=${time}`))).toEqual(since);
    }
    expect(await supervisor.ask(`Log,times,@since=${Date.now() / 1000 + 1000}`)).toEqual(['Ok,0']);
    expect(textsIn(await supervisor.ask(`Log,times,@since=${live[0]?.time ?? ''},@lines=1`))).toEqual(['c']);
    await writer.stop();
  });

  it('waits for a log that is not there yet, and goes on over restarts of the unit', async () => {
    await supervisor.ask(`StartDaemon,sh -c 'sleep 1000; echo never',@label=later`);
    using client = await following(supervisor, 'later');
    await supervisor.ask('Stop,later', 'Forget,later');
    for (let life = 1; life <= 3; life += 1) {
      await supervisor.ask(`StartDaemon,sh -c 'echo life ${life}; printf end',@label=later`);
      await client.until((lines) => textsIn(lines).length === 2 * life);
    }
    /* What a process leaves of a line is told when nothing writes any more; what follows it in the file is told as it comes. */
    expect(textsIn(client.lines)).toEqual(['life 1', 'end', 'life 2', 'end', 'life 3', 'end']);
    expect(written(supervisor, 'later')).toBe('life 1\nendlife 2\nendlife 3\nend');
  });

  it('tells a line when it ends, and a very long one in pieces', async () => {
    const writer = await Writer.start('parts');
    using client = await following(supervisor, 'parts');
    writer.write('be');
    writer.write('gun\n');
    await client.until(has('begun'));
    for (let count = 0; count < 20; count += 1) writer.write('x'.repeat(32_768));
    await client.until((lines) => textsIn(lines).length === 3);
    writer.write('y\n');
    await client.until((lines) => textsIn(lines).length === 4);
    expect(textsIn(client.lines).map((text) => text.length)).toEqual([
      5,
      262_144,
      262_144,
      20 * 32_768 + 1 - 524_288,
    ]);
    await writer.stop();
  });

  it('begins anew where the log was cut short, removed or replaced', async () => {
    const writer = await Writer.start('cut');
    using client = await following(supervisor, 'cut');
    writer.write('before\n');
    await client.until(has('before'));
    truncateSync(logOf(supervisor, 'cut'));
    writer.write('cut\n');
    await client.until(has('cut'));
    rmSync(logOf(supervisor, 'cut'));
    writer.write('removed\n');
    await client.until(has('removed'));
    expect(written(supervisor, 'cut')).toBe('removed\n');
    rmSync(logOf(supervisor, 'cut'));
    writeFileSync(logOf(supervisor, 'cut'), 'by another hand\n');
    writer.write('replaced\n');
    await client.until(has('replaced'));
    expect(textsIn(client.lines)).toEqual(['before', 'cut', 'removed', 'by another hand', 'replaced']);
    await writer.stop();
  });

  it('serves many streams on one connection, each ended by its Cancel', async () => {
    const writer = await Writer.start('many');
    using client = await StreamClient.connect(
      supervisor.socket,
      '#a,Log,many,@follow=1',
      '#b,Log,many,@follow=1',
    );
    await client.until((lines) => lines.filter((line) => OPENED.test(line)).length === 2);
    writer.write('one\n');
    await client.until((lines) => textsIn(lines).length === 2);
    client.send('#c,Cancel,a');
    await client.untilLine(/^#c,Ok$/);
    writer.write('two\n');
    await client.until((lines) => textsIn(lines).length === 3);
    const of = (tag: string): string[] =>
      client.lines.flatMap((line) => (line.startsWith(tag) ? [line.replace(/,[\d.]+,/, ',')] : []));
    expect(of('#a')).toEqual(['#a,Ok,0', '#a,Line,one', '#a,End,cancelled']);
    expect(of('#b')).toEqual(['#b,Ok,0', '#b,Line,one', '#b,Line,two']);
    await writer.stop();
  });

  it('is the last request of its connection where it has no tag, and not-found where there is no such unit', async () => {
    using client = await following(supervisor, 'all');
    client.send('Version');
    await client.untilLine(/^Error,.*,conflict$/);
    expect(await supervisor.ask('Log,nosuch,@follow=1')).toEqual([expect.stringMatching(/,not-found$/)]);
  });

  it('has every line once in a flood, from the first or with the last, however many follow', async () => {
    const count = 60_000;
    const [fifo, half] = [path.join(supervisor.folder, 'out/flooding'), count / 2];
    execFileSync('mkfifo', [fifo]);
    const lines = `while [ $i -lt $end ]; do i=$((i+1)); echo $i; done`;
    const script = `i=0; end=${half}; ${lines}; read end < ${fifo}; ${lines}; sleep 1000`;
    const [answer] = await supervisor.ask(`StartDaemon,"sh -c '${script}'",@label=flood`);
    expect(answer).toMatch(/^Ok,/);
    const clients = await Promise.all(
      [[], [], ['@lines=0'], ['@lines=5']].map(async (options) => following(supervisor, 'flood', ...options)),
    );
    /* The second half, which nobody has missed. */
    appendFileSync(fifo, `${count}\n`);
    await Promise.all(clients.map(async (client) => client.untilLine(new RegExp(`^Line,[\\d.]+,${count}$`))));
    for (const [index, client] of clients.entries()) {
      const numbers = textsIn(client.lines).map(Number);
      const first = index < 2 ? 1 : (numbers[0] ?? 0);
      expect(numbers).toEqual(Array.from({ length: count + 1 - first }, (_, at) => first + at));
      client[Symbol.dispose]();
    }
    await supervisor.ask('StopDaemon,flood');
  });

  it('ends with the supervisor, when all has been told that the units still wrote', async () => {
    const own = await TestSupervisor.start();
    await own.ask(
      `StartDaemon,"sh -c 'trap ""echo last words; exit"" TERM; echo armed; while :; do sleep 1000 & wait; done'",@label=w`,
    );
    using client = await following(own, 'w');
    await client.until(has('armed'));
    await own[Symbol.asyncDispose]();
    await client.untilClosed();
    expect(textsIn(client.lines)).toEqual(['armed', 'last words']);
    expect(client.lines.at(-1)).toBe('End,shutting-down');
  });
});
