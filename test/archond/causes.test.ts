import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import { TestSupervisor } from '../support/supervisor.ts';
import { toldAmong, untimed, type Told } from '../support/told.ts';

async function events(supervisor: TestSupervisor, ...fields: readonly string[]): Promise<Told[]> {
  return toldAmong(await supervisor.ask(['Events', ...fields].join(',')));
}

/** The kinds of what was told, each with the kind of its cause and the request: `exited<stopping by Stop`. */
async function story(supervisor: TestSupervisor, label: string): Promise<string[]> {
  const all = await events(supervisor);
  const bySequence = new Map(all.map((one) => [String(one.sequence), one]));
  return all
    .filter((one) => one.label === label)
    .map(({ kind, details }) => {
      const cause = bySequence.get(details.get('cause') ?? '');
      const what = cause?.kind === 'supervisor' ? (cause.details.get('what') ?? '') : cause?.kind;
      const request = details.get('request');
      return `${kind}${what === undefined ? '' : `<${what}`}${request === undefined ? '' : ` by ${request}`}`;
    });
}

const STOPPED = ['stopping by Stop', 'exited<stopping by Stop', 'stopped<exited by Stop'];
const STARTED = ['starting by StartDaemon', 'running<starting by StartDaemon'];

describe('events say why', () => {
  it('a unit was started and stopped, and who asked for it', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask('StartDaemon,sleep 1000,@label=web', 'Stop,web', 'Start,web', 'Restart,web');
    expect(await story(supervisor, 'web')).toEqual([
      ...STARTED,
      ...STOPPED,
      'starting by Start',
      'running<starting by Start',
      'stopping by Restart',
      'exited<stopping by Restart',
      'starting<exited by Restart',
      'running<starting by Restart',
    ]);
    const uid = process.getuid?.() ?? 0;
    const asked = (await events(supervisor, 'web')).map(({ details }) => details.get('by'));
    expect(new Set(asked)).toEqual(new Set([`${uid}:${process.pid}`]));
  });

  it('a unit came back: its own end, which nobody is the cause of', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask(`StartDaemon,"sh -c 'exit 3'",@restart=always,@label=phoenix`);
    await supervisor.ask('Wait,phoenix,@for=backoff', 'Stop,phoenix');
    expect((await story(supervisor, 'phoenix')).slice(0, 7)).toEqual([
      ...STARTED,
      'exited',
      'starting<exited',
      'running<starting',
      'exited',
      'backoff<exited',
    ]);
  });

  it('a Run was stopped: its client went away, or cancelled it, or its time was over', async () => {
    await using supervisor = await TestSupervisor.start();
    const client = createConnection(supervisor.socket);
    client.write('Run,sleep 1000,@label=left\n');
    await expect.poll(async () => story(supervisor, 'left')).toHaveLength(2);
    client.destroy();
    await expect.poll(async () => story(supervisor, 'left')).toHaveLength(5);
    expect((await story(supervisor, 'left')).slice(2)).toEqual([
      'stopping by Run',
      'exited<stopping by Run',
      'stopped<exited by Run',
    ]);
    const other = createConnection(supervisor.socket);
    other.write('#1,Run,sleep 1000,@label=cancelled\n');
    await expect.poll(async () => story(supervisor, 'cancelled')).toHaveLength(2);
    other.end('#2,Cancel,1\n');
    await expect.poll(async () => story(supervisor, 'cancelled')).toHaveLength(5);
    expect((await story(supervisor, 'cancelled')).slice(-1)).toEqual(['stopped<exited by Cancel']);
    await supervisor.ask('Run,sleep 1000,@label=late,@timeout=2s');
    expect((await story(supervisor, 'late')).slice(2)).toEqual([
      'stopping<running by Run',
      'exited<stopping by Run',
      'stopped<exited by Run',
    ]);
  });

  it('a start came to nothing', async () => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask('StartDaemon,nosuch,@label=none');
    expect(await story(supervisor, 'none')).toEqual([
      'starting by StartDaemon',
      'exited<starting by StartDaemon',
      'failed<exited by StartDaemon',
    ]);
  });

  it('a process is watched', async () => {
    await using supervisor = await TestSupervisor.start();
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    await once(child, 'spawn');
    await supervisor.ask(`MonitorPid,${child.pid ?? 0},@label=other`);
    await supervisor.killDeciding();
    child.kill('SIGKILL');
    await supervisor.ask('Wait,other');
    expect(await story(supervisor, 'other')).toEqual([
      'running by MonitorPid',
      'adopted<started',
      'exited',
      'failed<exited',
    ]);
  });

  it('a unit was adopted, and what an earlier archond had begun goes on with its cause', async () => {
    await using supervisor = await TestSupervisor.start();
    const slow = `"sh -c 'trap """" TERM; echo armed; while :; do sleep 1000; done'"`;
    await supervisor.ask(`StartDaemon,${slow},@label=slow,@stop-timeout=2s`);
    await expect.poll(async () => untimed(await supervisor.ask('Log,slow'))).toContain('Line,TIME,armed');
    const kept = supervisor.ask('Stop,slow');
    await expect.poll(async () => story(supervisor, 'slow')).toHaveLength(3);
    await supervisor.killDeciding();
    await kept;
    await supervisor.ask('Wait,slow,@for=stopped');
    expect(await story(supervisor, 'slow')).toEqual([
      ...STARTED,
      'stopping by Stop',
      'adopted<started',
      'exited<stopping by Stop',
      'stopped<exited by Stop',
    ]);
  });

  it.for([
    ['a request', 'Shutdown'],
    ['a signal', undefined],
  ])('everything was brought down by %s', async ([, request]) => {
    await using supervisor = await TestSupervisor.start();
    await supervisor.ask('StartDaemon,sleep 1000,@label=web');
    if (request === undefined) supervisor.signal('SIGTERM');
    else await supervisor.ask(request);
    await using successor = await supervisor.again();
    const by = request === undefined ? '' : ` by ${request}`;
    expect(await story(successor, 'web')).toEqual([
      ...STARTED,
      `stopping<shutting-down${by}`,
      `exited<stopping${by}`,
      `stopped<exited${by}`,
    ]);
    const own = (await story(successor, '')).slice(2, 4);
    expect(own).toEqual([`supervisor${by}`, `supervisor<shutting-down${by}`]);
    const [begun] = (await events(successor)).filter(
      ({ details }) => details.get('what') === 'shutting-down',
    );
    expect(begun?.details.get('signal')).toBe(request === undefined ? 'SIGTERM' : undefined);
  });
});
