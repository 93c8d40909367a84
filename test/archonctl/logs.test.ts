import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSupervisor } from '../support/supervisor.ts';
import { ARCHONCTL, archonctl, plainEnv, shell, type Ended } from './client.ts';

let supervisor: TestSupervisor;
beforeAll(async () => {
  supervisor = await TestSupervisor.start();
  mkdirSync(path.join(supervisor.folder, 'out'));
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

const logs = async (...words: string[]): Promise<Ended> => archonctl(supervisor.socket, ['logs', ...words]);

async function run(label: string, script: string): Promise<void> {
  const { code } = await archonctl(supervisor.socket, [
    'start-daemon',
    '-l',
    label,
    '--',
    'sh',
    '-c',
    script,
  ]);
  expect(code).toBe(0);
  expect((await archonctl(supervisor.socket, ['wait', label])).code).toBe(0);
}

/** `archonctl logs -f`, whose lines are looked at as they come. */
class Following implements Disposable {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly stderr: string;
  }>;
  readonly lines: string[] = [];
  #rest = '';
  #wake: () => void = () => undefined;

  constructor(socket: string, ...words: readonly string[]) {
    this.child = spawn(ARCHONCTL, ['logs', '-f', ...words], {
      env: plainEnv({ ARCHON_SOCKET: socket }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      this.lines.push(...lines);
      this.#wake();
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
      stderr,
    }));
  }

  async until(line: string): Promise<void> {
    while (!this.lines.includes(line)) await this.#change();
  }

  async untilCount(count: number): Promise<void> {
    while (this.lines.length < count) await this.#change();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL');
  }
}

describe('logs', () => {
  it('chooses lines by number, time and pattern', async () => {
    await run('choose', 'echo one; sleep 0.5; echo two; sleep 0.5; echo three');
    const { lines } = JSON.parse((await logs('--json', 'choose')).stdout) as { lines: { time: number }[] };
    const { stdout } = await archonctl(supervisor.socket, ['send', 'Log,choose']);
    const times = stdout.split('\n').flatMap((line) => /^Line,([\d.]+)/.exec(line)?.[1] ?? []);
    expect(lines.map(({ time }) => time)).toEqual(times.map(Number));
    const [, second = ''] = times;
    expect((await logs('--since', second, 'choose')).stdout).toBe('two\nthree\n');
    expect((await logs('--until', second, 'choose')).stdout).toBe('one\ntwo\n');
    expect((await logs('--since', second, '--until', second, 'choose')).stdout).toBe('two\n');
    expect((await logs('--grep', 't', 'choose')).stdout).toBe('two\nthree\n');
    expect((await logs('--grep', '^o|ee$', '-n', '1', 'choose')).stdout).toBe('three\n');
    expect((await logs('-n', '1', '--until', second, 'choose')).stdout).toBe('two\n');
    expect((await logs('-n', '0', 'choose')).stdout).toBe('');
    expect((await logs('-t', 'choose')).stdout).toMatch(
      /^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \w+\n){3}$/,
    );
    expect((await logs('--since', '1h', 'choose')).stdout).toBe('one\ntwo\nthree\n');
    expect((await logs('--since', 'now', 'choose')).stdout).toBe('');
    expect((await logs('--until', '1h', 'choose')).stdout).toBe('');
    const [, printed = ''] = (await logs('-t', 'choose')).stdout.split(/ \w+\n/);
    expect((await logs('--since', printed, 'choose')).stdout).toBe('two\nthree\n');
    for (const option of ['--since', '--until'])
      expect(await logs(option, 'soon', 'choose')).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(
          new RegExp(
            `^archonctl: option '${option} <TIME>': .soon. is no instant: write .*10m.*04:15.*Unix seconds`,
          ),
        ) as string,
      });
    expect(await logs('--since', '1h', '--until', '2h', 'choose')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'archonctl: --since is later than --until: nothing lies between them\n',
    });
    expect(await logs('-f', '--until', '1h', 'choose')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--until cannot be given') as string,
    });
    expect(await logs('--grep', '(', 'choose')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('regular expression') as string,
    });
  });

  it('puts the lines of several, globs among them, in the order in which they were written', async () => {
    const turns = (word: string): string => `for i in 1 2 3; do echo ${word} $i; sleep 0.2; done`;
    const started = ['m/a', 'm/b'].map(async (label) => run(label, turns(label)));
    await Promise.all(started);
    const { stdout } = await logs('m/*', 'choose');
    const lines = stdout.split('\n').slice(0, -1);
    expect(lines.length).toBe(9);
    expect(lines.slice(0, 3)).toEqual(['choose | one', 'choose | two', 'choose | three']);
    for (const turn of [1, 2, 3])
      expect(lines.slice(1 + 2 * turn, 3 + 2 * turn).toSorted()).toEqual([
        `m/a    | m/a ${turn}`,
        `m/b    | m/b ${turn}`,
      ]);
    expect(await logs('nosuch*')).toEqual({ code: 0, stdout: '', stderr: 'archonctl: no unit matches\n' });
  });

  it('prints long logs without holding them, and ends with who reads it', async () => {
    await run('long', 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done');
    const all = await logs('long');
    expect(all.stdout.split('\n').slice(0, -1)).toEqual(
      Array.from({ length: 20_000 }, (_, index) => `line ${index + 1}`),
    );
    const { stdout, stderr } = await shell(supervisor.socket, 'archonctl logs long choose | head -n 2');
    expect([stdout, stderr]).toEqual(['choose | one\nchoose | two\n', '']);
  });
});

describe('logs -f', () => {
  it('misses and doubles nothing over restarts of the unit and deaths of the supervisor', async () => {
    await using own = await TestSupervisor.start();
    const script = 'i=0; while :; do i=$((i+1)); echo $i; [ $((i % 50)) -ne 0 ] || sleep 0.01; done';
    await archonctl(own.socket, ['start-daemon', '-l', 'w', '--', 'sh', '-c', script]);
    using follower = new Following(own.socket, 'w');
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      await follower.untilCount(follower.lines.length + 200);
      await own.killDeciding();
    }
    await archonctl(own.socket, ['stop', 'w']);
    const { stdout } = await archonctl(own.socket, ['logs', '-n', '1', 'w']);
    const last = Number(stdout);
    await follower.until(String(last));
    expect(follower.lines).toEqual(Array.from({ length: last }, (_, index) => String(index + 1)));
    expect((await archonctl(own.socket, ['shutdown'])).code).toBe(0);
    expect(await follower.ended).toEqual({
      code: 0,
      signal: null,
      stderr: 'archonctl: the supervisor has shut down\n',
    });
  });

  it('begins with the last lines, and doubles none of them over a death, though all came at once', async () => {
    await using own = await TestSupervisor.start();
    const script = 'seq 1000; sleep 1000';
    await archonctl(own.socket, ['start-daemon', '-l', 'w', '--', 'sh', '-c', script]);
    await expect
      .poll(async () => (await archonctl(own.socket, ['logs', '-n', '1', 'w'])).stdout)
      .toBe('1000\n');
    using follower = new Following(own.socket, '-n', '3', 'w');
    await follower.untilCount(3);
    await own.killDeciding();
    await own.killDeciding();
    await archonctl(own.socket, ['stop', 'w']);
    await archonctl(own.socket, ['start', 'w']);
    await follower.until('1');
    await archonctl(own.socket, ['shutdown']);
    expect((await follower.ended).code).toBe(0);
    expect(follower.lines.slice(0, 4)).toEqual(['998', '999', '1000', '1']);
  });

  it('follows several, ends by Ctrl-C, and as soon as its reader has gone, though nothing comes', async () => {
    const fifo = path.join(supervisor.folder, 'out', 'f');
    execFileSync('mkfifo', [fifo]);
    await archonctl(supervisor.socket, ['start-daemon', '-l', 'f', '--', 'sh', '-c', `exec cat 0<> ${fifo}`]);
    using follower = new Following(supervisor.socket, '-n', '1', '--json', 'f', 'choose');
    appendFileSync(fifo, 'word\n');
    await follower.untilCount(2);
    expect(follower.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { label: 'choose', time: expect.any(Number) as number, text: 'three' },
      { label: 'f', time: expect.any(Number) as number, text: 'word' },
    ]);
    follower.child.kill('SIGINT');
    expect(await follower.ended).toEqual({ code: null, signal: 'SIGINT', stderr: '' });
    const { stdout } = await shell(
      supervisor.socket,
      'archonctl logs -f -n 1 f | head -n 1; echo ${PIPESTATUS[0]}',
    );
    expect(stdout).toBe('word\n141\n');
    await archonctl(supervisor.socket, ['stop', 'f']);
  });
});
