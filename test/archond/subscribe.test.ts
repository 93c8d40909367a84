import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flood } from '../support/flood.ts';
import { isAlive } from '../support/processes.ts';
import { StreamClient } from '../support/stream-client.ts';
import { TestSupervisor } from '../support/supervisor.ts';
import { sequenceIn, toldAmong, toldIn } from '../support/told.ts';

let supervisor: TestSupervisor;

beforeAll(async () => {
  supervisor = await TestSupervisor.start();
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

const POSITION = /^(?:#\w+,)?Ok,[0-9a-f]{16}:\d+$/;

const connect = async (...lines: readonly string[]): Promise<StreamClient> =>
  StreamClient.connect(supervisor.socket, ...lines);

/** The position behind all that has happened so far. */
async function position(): Promise<string> {
  using client = await connect('Subscribe');
  return (await client.untilLine(POSITION)).slice('Ok,'.length);
}

const kindsOf = (lines: readonly string[], label: string): string[] =>
  toldAmong(lines)
    .filter((one) => one.label === label)
    .map(({ kind }) => kind);

const isOver = (label: string) => (lines: readonly string[]) => kindsOf(lines, label).includes('stopped');

const LIFE = ['starting', 'running', 'stopping', 'exited', 'stopped'];

async function live(label: string): Promise<void> {
  const answers = await supervisor.ask(`StartDaemon,sleep 1000,@label=${label}`, `Stop,${label}`);
  expect(answers.at(-1)).toBe('Ok,1');
}

describe('Subscribe', () => {
  it('tells all that happens from its Ok on, with nothing left out', async () => {
    using client = await connect('Subscribe');
    await client.untilLine(POSITION);
    await live('all');
    await client.until(isOver('all'));
    const [first = '', ...events] = client.lines;
    expect(kindsOf(events, 'all')).toEqual(LIFE);
    const from = Number(first.split(':')[1]);
    expect(events.map(sequenceIn)).toEqual(events.map((_, index) => from + 1 + index));
  });

  it('tells of the labels that a glob matches, and of no others', async () => {
    using client = await connect('#o,Subscribe,o*', '#e,Subscribe,"{x,y}[12]"', '#l,Subscribe,o1');
    await client.until((lines) => lines.filter((line) => POSITION.test(line)).length === 3);
    await live('o1');
    await live('p1');
    await live('y2');
    await client.until(isOver('y2'));
    const of = (tag: string): string[] => client.lines.filter((line) => line.startsWith(`${tag},Event`));
    expect(toldAmong(of('#o')).map(({ label, kind }) => `${label} ${kind}`)).toEqual(
      LIFE.map((kind) => `o1 ${kind}`),
    );
    expect(of('#l').map((line) => line.slice(3))).toEqual(of('#o').map((line) => line.slice(3)));
    expect(kindsOf(of('#e'), 'y2')).toEqual(LIFE);
    expect(of('#e').length).toBe(LIFE.length);
  });

  it('begins with the units as they are at the very instant of its position', async () => {
    await supervisor.ask('StartDaemon,sleep 1000,@label=s/up', 'Run,false,@label=s/run,@keep=1');
    using client = await connect('#s,Subscribe,s/*,@snapshot=1');
    const ok = await client.untilLine(POSITION);
    const units = client.lines.filter((line) => line.startsWith('#s,Unit,')).map((line) => line.slice(3));
    expect(client.lines.at(-1)).toBe(ok);
    const listed = await supervisor.ask('List,s/*');
    /* What a tree uses is measured when it is asked for, which takes longer than an instant. */
    const withoutUsage = (line: string): string[] => line.split(',').filter((_, at) => at !== 6 && at !== 7);
    expect(units.map(withoutUsage)).toEqual(listed.slice(0, -1).map(withoutUsage));
    expect(units.map((line) => line.split(',').slice(1, 3))).toEqual([
      ['s/run', 'failed'],
      ['s/up', 'running'],
    ]);
    await supervisor.ask('Stop,s/up');
    await client.until(isOver('s/up'));
    expect(kindsOf(client.lines, 's/up')).toEqual(['stopping', 'exited', 'stopped']);
  });

  it('goes on after a position: first what has been, then its Ok, then what comes', async () => {
    const before = await position();
    await live('past');
    using client = await connect(`#a,Subscribe,past,@after=${before}`);
    const ok = await client.untilLine(POSITION);
    expect(kindsOf(client.lines.slice(0, client.lines.indexOf(ok)), 'past')).toEqual(LIFE);
    expect(`#a,Ok,${await position()}`).toBe(ok);
    await supervisor.ask('Start,past', 'Stop,past');
    await client.until((lines) => kindsOf(lines, 'past').length === 2 * LIFE.length);
    expect(kindsOf(client.lines, 'past')).toEqual([...LIFE, ...LIFE]);
  });

  it('misses and doubles nothing where the past ends and the present begins', async () => {
    const before = await position();
    const storm = connect(...Array.from({ length: 60 }, (_, index) => `#${index},Run,true`));
    using runner = await storm;
    const clients: StreamClient[] = [];
    /* They join at all possible places of the storm. */
    while (runner.lines.length < 60) {
      const client = await connect(`Subscribe,@after=${before}`);
      clients.push(client);
      await client.untilLine(POSITION);
    }
    const last = Number((await position()).split(':')[1]);
    const from = Number(before.split(':')[1]);
    const wanted = Array.from({ length: last - from }, (_, index) => from + 1 + index);
    for (const client of clients) {
      await client.until((lines) => sequenceIn(lines.at(-1) ?? '') === last || lines.some(endsAt(last)));
      expect(client.lines.filter((line) => !POSITION.test(line)).map(sequenceIn)).toEqual(wanted);
      client[Symbol.dispose]();
    }
    expect(clients.length).toBeGreaterThan(1);
  });

  it('says from where events can be had, where they cannot be had from there', async () => {
    const [journal = '', sequence = ''] = (await position()).split(':');
    const ask = async (after: string): Promise<string[]> => supervisor.ask(`Subscribe,@after=${after}`);
    expect(await ask(`0000000000000000:${sequence}`)).toEqual([
      `Error,that position is of another journal,not-found,${journal}:1`,
    ]);
    expect(await ask(`${journal}:${Number(sequence) + 1}`)).toEqual([
      `Error,there is no event ${Number(sequence) + 1} yet,not-found,${journal}:1`,
    ]);
    for (const wrong of [sequence, `${journal}:${sequence},@snapshot=1`, 'yesterday'])
      expect((await ask(wrong))[0]).toMatch(/^Error,.*,bad-argument$/);
  });

  it('is over by Cancel, and its tag can be used again', async () => {
    using client = await connect(
      '#a,Subscribe',
      '#a,Subscribe',
      '#c,Cancel,a',
      '#a,Subscribe,x',
      '#d,Cancel,#a',
    );
    await client.untilLine(/^#d,Ok$/);
    expect(client.lines.map((line) => line.replace(/Ok,.*/, 'Ok'))).toEqual([
      '#a,Ok',
      '#a,Error,the tag #a is still in use,conflict',
      '#a,End,cancelled',
      '#c,Ok',
      '#a,Ok',
      '#a,End,cancelled',
      '#d,Ok',
    ]);
    client.send('#e,Cancel,a');
    expect(await client.untilLine(/^#e/)).toBe('#e,Error,no request in flight has the tag #a,not-found');
  });

  it('has told all that had happened when it is over by Cancel', async () => {
    await supervisor.ask('StartDaemon,sleep 1000,@label=last');
    const answers = await supervisor.ask('#s,Subscribe,last', 'Restart,last', 'Cancel,s');
    const told = toldAmong(answers).map(({ kind }) => kind);
    expect(told).toEqual(['stopping', 'exited', 'starting', 'running']);
    expect(answers.slice(-2)).toEqual(['#s,End,cancelled', 'Ok']);
    await supervisor.ask('Stop,last', 'Forget,last');
  });

  it('is the last request of its connection where it has no tag', async () => {
    using client = await connect('Version', 'Subscribe,x', 'Version', '', '#t,Version');
    await client.until((lines) => lines.length === 5);
    client.send('Version');
    await client.until((lines) => lines.length === 6);
    const refusal = 'Error,an untagged stream is the last request of its connection,conflict';
    expect(client.lines.slice(1)).toEqual([
      expect.stringMatching(POSITION),
      refusal,
      'Error,the line is empty,syntax',
      `#t,${refusal}`,
      refusal,
    ]);
  });

  it('is none where it was refused: what follows it is carried out', async () => {
    expect(await supervisor.ask('Subscribe,@after=x', 'Run,true')).toEqual([
      expect.stringMatching(/^Error,/),
      'ExitStatus,0',
    ]);
  });

  it('goes on for who has said all, until it is gone', async () => {
    using client = await connect('Subscribe,half');
    client.sayAll();
    await client.untilLine(POSITION);
    await live('half');
    await client.until(isOver('half'));
    expect(kindsOf(client.lines, 'half')).toEqual(LIFE);
  });

  it('tells each of many the same, whatever their tags', async () => {
    const clients = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        connect(index % 2 === 0 ? 'Subscribe' : `#${index},Subscribe`),
      ),
    );
    for (const client of clients) await client.untilLine(POSITION);
    const joined = Number((await position()).split(':')[1]);
    await live('many');
    const told = await Promise.all(
      clients.map(async (client) => {
        await client.until(isOver('many'));
        client[Symbol.dispose]();
        const lines = client.lines.filter((line) => sequenceIn(line) > joined);
        return lines.map((line) => line.replace(/^#\d+,/, '')).slice(0, LIFE.length);
      }),
    );
    for (const lines of told) expect(lines).toEqual(told[0]);
    expect(told[0]?.map((line) => toldIn(line)?.kind)).toEqual(LIFE);
  });
});

/** Whether a line is the position behind an event. */
function endsAt(sequence: number): (line: string) => boolean {
  return (line) => line.endsWith(`:${sequence}`);
}

describe('the end of the supervisor', () => {
  it('is told after the last event, and ends the connection of a stream without a tag', async () => {
    await using mortal = await TestSupervisor.start();
    await mortal.ask('StartDaemon,sleep 1000,@label=web');
    using untagged = await StreamClient.connect(mortal.socket, 'Subscribe');
    using tagged = await StreamClient.connect(mortal.socket, '#1,Subscribe,web');
    for (const client of [untagged, tagged]) await client.untilLine(POSITION);
    expect((await mortal.ask('Shutdown')).at(-1)).toBe('Ok');
    await Promise.all([untagged.untilClosed(), tagged.untilClosed()]);
    expect(toldIn(untagged.lines.at(-2) ?? '')?.details.get('what')).toBe('shut-down');
    expect(untagged.lines.at(-1)).toBe('End,shutting-down');
    expect(toldIn(tagged.lines.at(-2) ?? '')?.kind).toBe('stopped');
    expect(tagged.lines.at(-1)).toBe('#1,End,shutting-down');
  });

  it('does not wait for a client that never reads', async () => {
    await using mortal = await TestSupervisor.start();
    using deaf = await StreamClient.connect(mortal.socket, 'Subscribe');
    await deaf.untilLine(POSITION);
    deaf.pause();
    await flood(mortal.socket, 2 * 1024 * 1024);
    const deciding = await mortal.decidingPid();
    expect((await mortal.ask('Shutdown')).at(-1)).toBe('Ok');
    expect(await mortal.ended()).toBe(0);
    await expect.poll(() => isAlive(deciding)).toBe(false);
  });
});

describe('a position that is not kept any more', () => {
  it('is answered with the oldest that is', async () => {
    await using first = await TestSupervisor.start();
    using client = await StreamClient.connect(first.socket, 'Subscribe');
    const ok = await client.untilLine(POSITION);
    client[Symbol.dispose]();
    const journal = path.join(first.folder, 'state/journal');
    const segments = (): string[] =>
      readdirSync(journal)
        .filter((name) => name.endsWith('.journal'))
        .sort();
    while (segments().length < 3) await flood(first.socket, 256 * 1024);
    first.signal('SIGTERM');
    await first.ended();
    const [oldest = ''] = segments();
    rmSync(path.join(journal, oldest));
    await using second = await first.again();
    const id = ok.slice(3).split(':')[0] ?? '';
    const [error = ''] = await second.ask(`Subscribe,@after=${id}:3`);
    const [, from = ''] =
      /^Error,events after that position are not kept any more,not-found,\w+:(\d+)$/.exec(error) ?? [];
    expect(Number(from)).toBeGreaterThan(3);
    /* From there on all can be had. */
    const events = await second.ask(`Events,@after=${id}:${Number(from) - 1}`);
    expect(sequenceIn(events[0] ?? '')).toBe(Number(from));
    expect(events.at(-1)).toBe(`Ok,${events.length - 1}`);
    expect((await second.ask(`Events,@after=${id}:${Number(from) - 2}`))[0]).toBe(error);
  });
});
