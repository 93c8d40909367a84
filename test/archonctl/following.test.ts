import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { TestSupervisor } from '../support/supervisor.ts';
import { archonctl, ARCHONCTL, endOf, plainEnv, shell, type Ended } from './client.ts';

/** A client that goes on printing. */
class Following implements Disposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #text = '';
  #wake: () => void = () => undefined;

  constructor(socket: string, ...words: readonly string[]) {
    this.#child = spawn(ARCHONCTL, words, { env: plainEnv({ ARCHON_SOCKET: socket }), stdio: 'pipe' });
    this.ended = endOf(this.#child);
    this.#child.stdout?.on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
  }

  /** Label and kind of each event that was printed. */
  get told(): string[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ').slice(3, 5).join(' '));
  }

  get numbers(): number[] {
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line) => Number(line.split(' ')[0]));
  }

  async until(told: string): Promise<void> {
    while (!this.told.includes(told)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

const LIFE = ['starting', 'running', 'stopping', 'exited', 'stopped'];

/** Has units of these labels start and stop until the followers show it: then they listen. */
async function untilHeard(supervisor: TestSupervisor, label: string, follower: Following): Promise<void> {
  while (!follower.told.includes(`${label} stopped`))
    await supervisor.ask(`StartDaemon,sleep 1000,@label=${label}`, `StopDaemon,${label}`);
}

/** A line for each of the two, in the order in which they were down. */
function bothStopped(one: string, other: string): unknown[] {
  const line: unknown = expect.stringMatching(new RegExp(`^(${one}|${other}) is stopped$`));
  return [line, line];
}

describe('a session with a launcher', () => {
  it('works as it is typed, with a listener for all and one for some beside it', async () => {
    await using supervisor = await TestSupervisor.start();
    using all = new Following(supervisor.socket, 'subscribe');
    using some = new Following(supervisor.socket, 'subscribe', '-f', 'o*');
    await untilHeard(supervisor, 'warm', all);
    await untilHeard(supervisor, 'o-warm', some);
    const { code, stdout, stderr } = await shell(
      supervisor.socket,
      `set -e
      archonctl submit -l p1 -p sleep 120
      archonctl submit -l p2 -p sleep 120
      archonctl submit -l o1 -p sleep 120
      archonctl submit -l o2 -p sleep 120
      archonctl list 'p*' --csv | cut -d, -f1,2
      archonctl stop p1 p2
      archonctl start p1
      archonctl restart o1
      archonctl status p1 > /dev/null
      archonctl is-running p1 o1 o2
      archonctl kill -s KILL o2
      archonctl wait o2
      archonctl list --csv '[po]?' | cut -d, -f1,2
      archonctl shutdown`,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.replace(/ \d+$/gm, ' PID').split('\n')).toEqual([
      ...['p1', 'p2', 'o1', 'o2'].map((label) => `${label} PID`),
      'label,state',
      'p1,running',
      'p2,running',
      ...bothStopped('p1', 'p2'),
      'p1 is running',
      'o1 is running',
      'SIGKILL sent to 1 unit',
      '137',
      'label,state',
      'o1,running',
      'o2,failed',
      'p1,running',
      'p2,stopped',
      ...bothStopped('p1', 'o1'),
      '',
    ]);
    for (const follower of [all, some]) {
      const ended = await follower.ended;
      expect([ended.code, ended.stderr]).toEqual([0, 'archonctl: the supervisor has shut down\n']);
    }
    const of = (follower: Following, label: string): string[] =>
      follower.told.flatMap((told) => (told.startsWith(`${label} `) ? [told.slice(label.length + 1)] : []));
    const twice = [...LIFE, ...LIFE];
    const again = [
      'starting',
      'running',
      'stopping',
      'exited',
      'starting',
      'running',
      'stopping',
      'exited',
      'stopped',
    ];
    expect(of(all, 'p1')).toEqual(twice);
    expect(of(all, 'p2')).toEqual(LIFE);
    for (const follower of [all, some]) {
      expect(of(follower, 'o1')).toEqual(again);
      expect(of(follower, 'o2')).toEqual(['starting', 'running', 'exited', 'failed']);
    }
    expect(some.told.filter((told) => !told.startsWith('o'))).toEqual([]);
    expect(all.numbers).toEqual(all.numbers.map((_, index) => (all.numbers[0] ?? 0) + index));
  });
});

describe('events -f', () => {
  it('begins with what has been, and goes on over the death of the supervisor', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask('StartDaemon,sleep 1000,@label=web', 'StopDaemon,web');
    using follower = new Following(supervisor.socket, 'events', '-f');
    await follower.until('web stopped');
    for (let deaths = 1; deaths <= 5; deaths += 1) {
      await supervisor.ask(`StartDaemon,sleep 1000,@label=d${deaths}`);
      await supervisor.killDeciding();
      await supervisor.ask(`StopDaemon,d${deaths}`);
      await follower.until(`d${deaths} stopped`);
    }
    expect(follower.numbers).toEqual(follower.numbers.map((_, index) => index + 1));
    const { stdout } = await archonctl(supervisor.socket, ['events', '--kind', 'stopped', '--json']);
    expect((JSON.parse(stdout) as { events: unknown[] }).events.length).toBe(6);
  });

  it('has nothing to say where there is no supervisor', async () => {
    const child = spawn(ARCHONCTL, ['subscribe'], {
      env: plainEnv({ ARCHON_SOCKET: '/nonexistent/archon.sock' }),
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([69, null]);
  });
});
