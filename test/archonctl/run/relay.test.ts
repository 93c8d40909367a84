import { describe, expect, it } from 'vitest';
import { stateOf } from '../../support/processes.ts';
import { GREETING } from '../against.ts';
import { Pretended } from '../pretended.ts';
import { begin } from './begin.ts';

const SIGNAL = (name: string) => ['Signal', name, 'job', '@scope=group'];

/** A supervisor whose `job` runs until it is told to end it; each look at its tree shows the next of the states, the last one for good. */
async function running(states: readonly (readonly string[])[]) {
  let looks = 0;
  const server = await Pretended.start(([verb]) => {
    if (verb === 'Version') return GREETING;
    if (verb === 'Signal') return ['Ok,1'];
    if (verb !== 'Tree') return undefined;
    const letters = states[Math.min(looks, states.length - 1)] ?? [];
    looks += 1;
    return letters.map((letter, at) => `Process,${at},${at + 2},1,job,${letter},x`).concat('Ok,1');
  });
  const ran = begin(server.socket, ['run', '-l', 'job', 'true']);
  await expect.poll(() => server.requests.length).toBe(2);
  const end = async () => {
    server.release('Run', ['ExitStatus,3']);
    return (await ran.end).code;
  };
  return {
    server,
    pid: ran.child.pid ?? 0,
    send: (name: NodeJS.Signals) => ran.child.kill(name),
    end,
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

describe('a signal', () => {
  it('that comes before the command exists waits until it does', async () => {
    let isThere = false;
    await using server = await Pretended.start(([verb]) => {
      if (verb === 'Version') return GREETING;
      if (verb !== 'Signal') return undefined;
      return isThere ? ['Ok,1'] : ['Error,job has no process,failed'];
    });
    const { child, end } = begin(server.socket, ['run', '-l', 'job', 'true']);
    await expect.poll(() => server.requests.length).toBe(2);
    child.kill('SIGINT');
    await expect.poll(() => server.requests.length).toBe(4);
    isThere = true;
    server.release('Wait', ['Ok']);
    await expect.poll(() => server.requests.length).toBe(5);
    server.release('Run', ['ExitStatus,130']);
    expect((await end).code).toBe(130);
    const wait = ['Wait', 'job', '@for=running'];
    expect(server.requests.slice(2)).toEqual([SIGNAL('SIGINT'), wait, SIGNAL('SIGINT')]);
  });

  it('that nobody can be found for is offered once more, and then let be', async () => {
    await using server = await Pretended.start(([verb]) => {
      if (verb === 'Version') return GREETING;
      return verb === 'Run' ? undefined : verb === 'Wait' ? ['Ok'] : ['Error,job has no process,failed'];
    });
    const { child, end } = begin(server.socket, ['run', '-l', 'job', 'true']);
    await expect.poll(() => server.requests.length).toBe(2);
    child.kill('SIGUSR1');
    await expect.poll(() => server.requests.length).toBe(5);
    child.kill('SIGUSR2');
    await expect.poll(() => server.requests.length).toBe(8);
    server.release('Run', ['ExitStatus,0']);
    expect((await end).code).toBe(0);
    const wait = ['Wait', 'job', '@for=running'];
    expect(server.requests.slice(2)).toEqual(
      ['SIGUSR1', 'SIGUSR2'].flatMap((name) => [SIGNAL(name), wait, SIGNAL(name)]),
    );
  });
});

describe('a stop', () => {
  it('comes to archonctl when all of the command stand still, so that none reads what is typed next', async () => {
    await using job = await running([
      ['S', 'S'],
      ['T', 'R'],
      ['T', 'S', 'Z'],
      ['T', 't', 'Z'],
    ]);
    const { server, pid, send, end } = job;
    send('SIGTSTP');
    await expect.poll(() => stateOf(pid)).toBe('T');
    const looks = Array.from({ length: 4 }, () => ['Tree', 'job']);
    expect(server.requests.slice(2)).toEqual([SIGNAL('SIGSTOP'), ...looks]);
    send('SIGCONT');
    await expect.poll(() => server.requests.at(-1)).toEqual(SIGNAL('SIGCONT'));
    expect(await end()).toBe(3);
  });

  it('does not wait for ever for one that has left the process group', async () => {
    await using job = await running([['T', 'S']]);
    const { pid, send, end } = job;
    send('SIGTSTP');
    await expect.poll(() => stateOf(pid)).toBe('T');
    send('SIGCONT');
    expect(await end()).toBe(3);
  });

  it('is over when it is taken back before it has come', async () => {
    await using job = await running([['S']]);
    const { server, pid, send, end } = job;
    send('SIGTSTP');
    await expect.poll(() => server.requests.at(-1)).toEqual(['Tree', 'job']);
    send('SIGCONT');
    await expect.poll(() => server.requests.filter(([verb]) => verb === 'Signal')).toHaveLength(2);
    expect(stateOf(pid)).not.toBe('T');
    expect(await end()).toBe(3);
  });
});
