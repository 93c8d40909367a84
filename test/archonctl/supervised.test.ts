import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../support/processes.ts';
import { TestSupervisor } from '../support/supervisor.ts';
import { archonctl, type Ended } from './client.ts';

let supervisor: TestSupervisor;
beforeAll(async () => {
  supervisor = await TestSupervisor.start();
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

const call = async (...words: string[]): Promise<Ended> => archonctl(supervisor.socket, words);

/** Calls that must succeed without a word of complaint; returns what was printed. */
async function said(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await call(...words);
  expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' });
  return stdout;
}

/** The facts of one unit. */
async function facts(label: string): Promise<Record<string, string>> {
  const { stdout } = await call('status', label, '--json');
  const { units } = JSON.parse(stdout) as { units: Record<string, string>[] };
  return units[0] ?? {};
}

/** Starts a daemon that says when it is there; returns its pid once it is. */
async function daemon(label: string, script: string, ...options: string[]): Promise<number> {
  const printed = await said('start-daemon', '-l', label, ...options, 'sh', '-c', `echo armed; ${script}`);
  const [, pid = ''] = /^(?:\S+) (\d+)\n$/.exec(printed) ?? [];
  await expect.poll(async () => said('logs', label)).toContain('armed\n');
  return Number(pid);
}

const FOREVER = 'while :; do sleep 1000 & wait; done';

describe('the life of a daemon', () => {
  it('goes from its start to being forgotten', async () => {
    const pid = await daemon('life', FOREVER);
    expect(await said('is-running', 'life')).toBe('');
    expect(await facts('life')).toMatchObject({ state: 'running', pid });
    expect(await said('list', 'li*', '--csv')).toMatch(
      new RegExp(`^label,.*\nlife,running,${pid},[\\d.]+,0,[\\d.]+,\\d+,\n$`),
    );
    expect(await said('tree', 'life')).toMatch(
      new RegExp(`^life\n.* ${pid} S sh -c .*\n.* \\d+ S sleep 1000\n$`),
    );

    expect(await said('stop', 'life')).toBe('life is stopped\n');
    expect((await call('is-running', 'life')).code).toBe(3);
    expect((await call('status', 'life')).code).toBe(3);
    expect(await said('wait', 'life')).toBe('143\n');

    expect(await said('start', 'life')).toBe('life is running\n');
    const again = await facts('life');
    expect(again['state']).toBe('running');
    expect(again['pid']).not.toBe(pid);
    /* To the nanosecond, which no number of JSON holds. */
    const since = (await said('list', 'life', '--csv')).split('\n')[1]?.split(',')[3] ?? '';

    expect((await call('forget', 'life')).code).toBe(1);
    await said('stop', 'life');
    expect(await said('forget', 'life')).toBe('forgot 1 unit\n');
    expect((await call('status', 'life')).code).toBe(4);
    const then = JSON.parse(await said('list', 'life', '--json', '--at', since)) as unknown;
    const told = { label: 'life', state: 'running', pid: again['pid'], lastExit: 'signal:SIGTERM' };
    expect(then).toMatchObject({ units: [told] });
    expect((await call('list', 'life', '--at', '1000000000')).code).toBe(4);
  });

  it('is another after a restart', async () => {
    const pid = await daemon('again', FOREVER);
    expect(await said('restart', 'again')).toBe('again is running\n');
    expect((await facts('again'))['pid']).not.toBe(pid);
    await said('stop', 'again');
  });

  it('ends of a signal, and is up again where it is to be', async () => {
    const pid = await daemon('phoenix', FOREVER, '--restart', 'always');
    expect(await said('kill', '-s', 'KILL', 'phoenix')).toBe('SIGKILL sent to 1 unit\n');
    await said('wait', '--for', 'running', '--timeout', '10s', 'phoenix');
    await expect.poll(async () => (await facts('phoenix'))['pid']).not.toBe(pid);
    await said('stop', 'phoenix');
  });

  it('writes into its log', async () => {
    await daemon('writer', 'echo out; echo err >&2; printf "\\377\\n"; exit 3');
    await said('wait', 'writer');
    expect(await said('logs', 'writer')).toBe('armed\nout\nerr\n\xff\n');
    expect(await said('logs', '-n', '1', 'writer')).toBe('\xff\n');
    expect((await call('status', 'writer')).stdout).toContain('| err\n');
  });

  it('leaves events', async () => {
    await daemon('eventful', 'exit 3');
    await said('wait', 'eventful');
    const { events } = JSON.parse(await said('events', 'eventful', '--json')) as {
      events: { sequence: number; kind: string; details: Record<string, string> }[];
    };
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['starting', 'running', 'exited', 'failed']),
    );
    expect(events.find(({ kind }) => kind === 'exited')?.details).toMatchObject({ code: '3' });
    const last = JSON.parse(await said('events', 'eventful', '--last', '1', '--json')) as {
      events: unknown[];
    };
    expect(last.events).toEqual(events.slice(-1));
  });
});

describe('a process that is monitored', () => {
  it('is listed until it ends, which is told, and is never stopped', async () => {
    const child = spawn('/bin/sleep', ['1000']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    expect(await said('monitor', String(pid), '-l', 'seen')).toBe(`seen ${pid}\n`);
    expect(await facts('seen')).toMatchObject({ state: 'running', pid });
    expect((await call('stop', 'seen')).code).toBe(1);
    expect(isAlive(pid)).toBe(true);
    const ended = once(child, 'exit');
    expect(await said('kill', 'seen')).toBe('SIGTERM sent to 1 unit\n');
    await ended;
    /* Before Linux 6.15 nobody but its parent can know how it ended; that is said, never made up. */
    const { code, stdout, stderr } = await call('wait', 'seen');
    if (code === 0) expect(stdout).toBe('143\n');
    else expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining('cannot be known')]);
    expect(await said('forget', 'seen')).toBe('forgot 1 unit\n');
  });
});

describe('what is wrong', () => {
  it.each([
    [['start', 'nosuch'], 4],
    [['stop', 'nosuch'], 4],
    [['restart', 'nosuch'], 4],
    [['kill', 'nosuch'], 4],
    [['forget', 'nosuch'], 4],
    [['status', 'nosuch'], 4],
    [['is-running', 'nosuch'], 4],
    [['wait', 'nosuch'], 4],
    [['logs', 'nosuch'], 4],
    [['list', 'nosuch'], 4],
    [['tree', 'nosuch'], 4],
    [['start', 'a b'], 1],
    [['list', 'a{b'], 1],
    [['start-daemon', 'nosuch'], 1],
    [['start-daemon', '--cwd', '/nosuch', 'true'], 1],
  ])('%j ends with %i and one sentence', async (words, code) => {
    const ended = await call(...words);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
    expect(ended.stderr).toMatch(/^archonctl: [^\n]+\n$/);
  });

  it('is no glob that matches nothing', async () => {
    for (const verb of ['start', 'stop', 'kill', 'forget', 'list'])
      expect((await call(verb, 'nosuch*')).code).toBe(0);
  });
});

describe('a raw record', () => {
  it('is answered as the supervisor answers', async () => {
    expect(await said('send', 'Version')).toMatch(/^Ok,archon,[\d.]+,1\n$/);
    expect(await call('send', 'Run,sh -c "exit 7"')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Error,.*,syntax\n$/) as string,
    });
    expect(await call('send', `Run,sh -c 'exit 7'`)).toMatchObject({ code: 7, stdout: 'ExitStatus,7\n' });
    expect(await call('send', '#t,Status,nosuch')).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/^#t,Error,/) as string,
    });
    expect(await call('send', '')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^Error,.*,syntax\n$/) as string,
    });
  });
});

describe('shutdown', () => {
  it('brings everything down, tells of it, and is followed by silence', async () => {
    await using own = await TestSupervisor.start();
    for (const label of ['a', 'b']) {
      expect((await archonctl(own.socket, ['start-daemon', '-l', label, 'sleep', '1000'])).code).toBe(0);
    }
    const { code, stdout, stderr } = await archonctl(own.socket, ['shutdown']);
    expect({ code, stderr, lines: stdout.split('\n').sort() }).toEqual({
      code: 0,
      stderr: '',
      lines: ['', 'a is stopped', 'b is stopped'],
    });
    expect(await own.ended()).toBe(0);
    expect((await archonctl(own.socket, ['list'])).code).toBe(69);
  });

  it('kills what takes too long where it is told to', async () => {
    await using own = await TestSupervisor.start();
    const stubborn = `trap "" TERM; echo armed; while :; do sleep 1000; done`;
    await archonctl(own.socket, ['start-daemon', '-l', 'stubborn', 'sh', '-c', stubborn]);
    await expect.poll(async () => (await archonctl(own.socket, ['logs', 'stubborn'])).stdout).toBe('armed\n');
    expect((await archonctl(own.socket, ['shutdown', '--timeout', '100ms'])).code).toBe(0);
    expect(await own.ended()).toBe(0);
  });
});
