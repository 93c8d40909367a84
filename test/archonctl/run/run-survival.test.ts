import { describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { archonctl, shell } from '../client.ts';
import { GREETING } from '../against.ts';
import { HANG_UP, Pretended } from '../pretended.ts';
import { begin } from './begin.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';

const ROUNDS = 10;

const COMMAND = 'read x; echo "read $x"; exit 9';

describe('the death of the deciding part', () => {
  it('is not noticed by who runs a command', async () => {
    await using supervisor = await TestSupervisor.start();
    const { child, armed, end } = begin(supervisor.socket, ['run', 'sh', '-c', `echo armed; ${COMMAND}`]);
    await armed;
    await supervisor.killDeciding();
    await supervisor.killDeciding();
    child.stdin.end('on\n');
    expect(await end).toEqual({ code: 9, stdout: 'armed\nread on\n', stderr: '' });
    expect(await supervisor.ask('List')).toEqual(['Ok,0']);
  });

  it(`costs no exit code while the command ends meanwhile, ${ROUNDS} times`, async () => {
    await using supervisor = await TestSupervisor.start();
    for (let code = 1; code <= ROUNDS; code += 1) {
      const { child, armed, end } = begin(supervisor.socket, [
        'run',
        'sh',
        '-c',
        `echo armed; read x; exit ${code}`,
      ]);
      await armed;
      await supervisor.killDeciding(() => child.stdin.end('\n'));
      expect(await end).toEqual({ code, stdout: 'armed\n', stderr: '' });
    }
    expect(await supervisor.ask('List')).toEqual(['Ok,0']);
  });

  it('is not noticed by who calls at that moment', async () => {
    await using supervisor = await TestSupervisor.start();
    let called: Promise<unknown> = Promise.resolve();
    for (let round = 0; round < ROUNDS; round += 1) {
      await supervisor.killDeciding(() => {
        called = shell(
          supervisor.socket,
          'archonctl run echo a && archonctl start-daemon -l d true && archonctl list --csv d | wc -l',
        );
      });
      expect(await called).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^a\nd \d*\n2\n$/) as string,
        stderr: '',
      });
    }
  });

  it('keeps a signal that comes meanwhile for the successor', async () => {
    await using supervisor = await TestSupervisor.start();
    const script = 'trap "exit 5" TERM; echo armed; while :; do read -t 1 x; done';
    const { child, armed, end } = begin(supervisor.socket, ['run', 'bash', '-c', script]);
    await armed;
    await supervisor.killDeciding(() => child.kill('SIGTERM'));
    expect((await end).code).toBe(5);
  });
});

describe('a supervisor that goes away for good', () => {
  const gone = async () => Pretended.start(([verb]) => (verb === 'Version' ? GREETING : [HANG_UP]));

  it('may come back without knowing the command, which is said and not run again', async () => {
    await using server = await Pretended.start(([verb, ...rest]) => {
      if (verb === 'Version') return GREETING;
      return verb === 'Run' ? [HANG_UP] : [`Error,there is no unit ${rest[0] ?? ''},not-found`];
    });
    expect(await archonctl(server.socket, ['run', '-l', 'job', 'true'])).toEqual({
      code: 125,
      stdout: '',
      stderr:
        'archonctl: the supervisor went away, and its successor knows nothing of job: whether it ran cannot be told\n',
    });
    expect(server.requests.map(([verb]) => verb)).toEqual(['Version', 'Run', 'Version', 'Wait']);
  });

  it('is waited for, which a terminal shows; a second Ctrl-C ends that', async () => {
    await using server = await gone();
    server.answerBy(([verb]) => (verb === 'Version' ? GREETING : undefined));
    await using terminal = new PseudoTerminal(server.socket, 'archonctl run -l job true');
    await expect.poll(() => server.requests.length).toBe(2);
    await server.disappear();
    await terminal.until('the supervisor went away; job goes on, waiting for its return (');
    /* Two that come at once are one. */
    const again = setInterval(() => terminal.type('\x03'), 50);
    expect(await terminal.ended()).toBe(130);
    clearInterval(again);
    expect(terminal.shown).toContain(
      'archonctl: given up; the command may go on: archonctl wait job tells how it ends\n',
    );
  });

  it('that is silent is left by a second Ctrl-C, a while after the first', async () => {
    await using server = await Pretended.start(([verb]) => (verb === 'Version' ? GREETING : undefined));
    const { child, end } = begin(server.socket, ['run', '-l', 'job', 'true']);
    await expect.poll(() => server.requests.length).toBe(2);
    const again = setInterval(() => child.kill('SIGTERM'), 100);
    const { code, stderr } = await end;
    clearInterval(again);
    expect({ code, stderr }).toEqual({
      code: 143,
      stderr: 'archonctl: given up; the command may go on: archonctl wait job tells how it ends\n',
    });
    expect(server.requests[2]).toEqual(['Signal', 'SIGTERM', 'job', '@scope=group']);
  });
});
