import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { untilFile } from '../support/files.ts';
import { TestSupervisor } from '../support/supervisor.ts';

/** A shell that says when it is ready; `then` is what SIGTERM does. */
function shell(then: string): string {
  return `"sh -c 'trap ""${then}"" TERM; echo armed; while :; do sleep 1000 & wait; done'"`;
}

async function armed(supervisor: TestSupervisor, label: string, times = 1): Promise<void> {
  const log = path.join(supervisor.folder, 'state/log', `${label}.log`);
  await untilFile(log, (text) => text === 'armed\n'.repeat(times));
}

/** `Field` records by name. */
async function status(supervisor: TestSupervisor, label: string): Promise<Map<string, string>> {
  const lines = (await supervisor.ask(`Status,${label}`)).filter((line) => line.startsWith('Field,'));
  return new Map(lines.map((line) => line.split(',')).map(([, name = '', value = '']) => [name, value]));
}

async function sequences(supervisor: TestSupervisor): Promise<number[]> {
  const lines = (await supervisor.ask('Events')).filter((line) => line.startsWith('Event,'));
  return lines.map((line) => Number(line.split(',')[1]));
}

describe('what was wanted', () => {
  it('is known after the deciding part has died: a daemon that is to be restarted is, with all that it had', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask(
      `StartDaemon,${shell('exit 4')},@label=again,@restart=always,COLOUR=green,@cwd=/usr`,
    );
    await armed(supervisor, 'again');
    await supervisor.killDeciding();
    expect(await supervisor.ask('Signal,TERM,again')).toEqual(['Ok,1']);
    await armed(supervisor, 'again', 2);
    expect(await supervisor.ask('Wait,again,@for=running')).toEqual(['Ok']);
    const { readFileSync, readlinkSync } = await import('node:fs');
    const pid = (await status(supervisor, 'again')).get('pid') ?? '';
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')).toContain('COLOUR=green');
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/usr');
  });

  it('holds for a stop that was under way', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask(`StartDaemon,${shell(':')},@label=stubborn,@restart=always,@stop-timeout=3s`);
    await armed(supervisor, 'stubborn');
    const stopping = supervisor.ask('Stop,stubborn');
    await supervisor.ask('Wait,stubborn,@for=stopping');
    await supervisor.killDeciding();
    expect(await stopping).toEqual([]);
    expect(await supervisor.ask('Wait,stubborn,@for=stopped')).toEqual(['Ok']);
  });

  it('holds for what was stopped, which can be started again', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask(`StartDaemon,${shell('exit 0')},@label=down,@restart=always`);
    await armed(supervisor, 'down');
    await supervisor.ask('Stop,down');
    await supervisor.killDeciding();
    expect((await status(supervisor, 'down')).get('state')).toBe('stopped');
    expect(await supervisor.ask('Start,down')).toEqual(['Done,down,running', 'Ok,1']);
    await armed(supervisor, 'down', 2);
  });

  it('goes on with a restart that was being waited for', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask('StartDaemon,false,@label=failing,@restart=always');
    await supervisor.ask('Wait,failing,@for=backoff');
    await supervisor.killDeciding();
    const before = Number((await supervisor.ask('Events,failing,@kind=exited')).at(-1)?.split(',')[1]);
    let after = before;
    while (after < before + 2)
      after = Number((await supervisor.ask('Events,failing,@kind=exited')).at(-1)?.split(',')[1]);
    await supervisor.ask('Stop,failing');
  });

  it('is over with an orderly shutdown', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask('StartDaemon,sleep 1000,@label=gone,@restart=always');
    expect(await supervisor.ask('Shutdown')).toEqual(['Done,gone,stopped', 'Ok']);
    expect(await supervisor.ended()).toBe(0);
    await using next = await supervisor.again();
    expect(await next.ask('List')).toEqual(['Ok,0']);
  });
});

describe('events', () => {
  it('have numbers without gaps, over deaths and restarts of the supervisor', async () => {
    await using supervisor = await TestSupervisor.start();
    for (let round = 0; round < 5; round += 1) {
      await supervisor.ask('Run,true', `StartDaemon,sleep 1000,@label=d${round}`);
      await supervisor.killDeciding();
    }
    await supervisor.ask('Shutdown');
    await supervisor.ended();
    await using next = await supervisor.again();
    await next.ask('Run,true');
    const numbers = await sequences(next);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThan(40);
  });

  it('tell an exit once, with code, usage and generation, and can be asked for by label, kind and number', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask(
      'Run,"sh -c ""exit 3""",@label=one',
      'Run,"sh -c ""kill -SEGV \\$\\$""",@label=two',
      'Run,nosuch,@label=three',
    );
    expect(await supervisor.ask('Events,"{one,two}",@kind=exited')).toEqual([
      expect.stringMatching(
        /^Event,\d+,\d+\.\d+,one,exited,pid=\d+,generation=1,code=3,utime=[\d.]+,stime=[\d.]+,maxrss=\d+$/,
      ),
      expect.stringMatching(
        /^Event,\d+,\d+\.\d+,two,exited,pid=\d+,generation=2,signal=SIGSEGV,(core=1,)?utime=/,
      ),
      'Ok,2',
    ]);
    expect((await supervisor.ask('Events,three,@last=1'))[0]).toMatch(
      /,three,failed,reason=cannot-execute,stage=exec,errno=ENOENT,cause=\d+,by=\d+:\d+,request=Run$/,
    );
    const [last] = await supervisor.ask('Events,@last=1');
    const sequence = Number(last?.split(',')[1]);
    expect(
      await supervisor.ask(
        `Events,@after=${sequence - 1}`,
        `Events,@after=${sequence}`,
        'Events,@after=other:1',
      ),
    ).toEqual([
      last,
      'Ok,1',
      'Ok,0',
      expect.stringMatching(/^Error,that position is of another journal,not-found,[^,]+:1$/),
    ]);
  });
});
