import { describe, expect, it } from 'vitest';
import type { FakeProcess } from '../../../src/sys/fake/process.ts';
import { toldAmong, type Told } from '../../support/told.ts';
import { VirtualHost } from '../stage/virtual-host.ts';

const MIB = 2 ** 20;
const LIMITED = { command: 'sleep 86400', restart: { delay: '1h' }, 'memory-max': '40M' };

/** The processes of the unit that runs. */
function processesOf(host: VirtualHost): readonly FakeProcess[] {
  const [entry] = host.control.keeper.table.entries();
  if (entry === undefined) throw new Error('there is no process');
  return host.control.members(entry);
}

/** The kernel kills a process of the only unit. */
function kill(host: VirtualHost, process: FakeProcess, isOwnLimit = true): void {
  const [entry] = host.control.keeper.table.entries();
  if (entry === undefined) throw new Error('there is no process');
  host.control.killForMemory(entry, process, isOwnLimit);
}

/** A process beside the main one. */
function fork(host: VirtualHost): FakeProcess {
  const [main] = processesOf(host);
  if (main === undefined) throw new Error('there is no main process');
  return main.fork(() => undefined);
}

async function events(host: VirtualHost): Promise<readonly Told[]> {
  return toldAmong(await host.ask('Events')).filter(({ label }) => label !== '');
}

async function limits(host: VirtualHost): Promise<readonly Record<string, string>[]> {
  const told = (await events(host)).filter(({ kind }) => kind === 'limit');
  return told.map(({ details }) => Object.fromEntries(details));
}

async function start(more: Readonly<Record<string, unknown>> = {}): Promise<VirtualHost> {
  const host = await VirtualHost.start({ web: { ...LIMITED, ...more } });
  expect(await host.ask('Wait,web,@for=running')).toEqual(['Ok']);
  return host;
}

describe('a process that the kernel kills for want of memory', () => {
  it('is told of before its end, which it is the cause of', async () => {
    await using host = await start();
    const [main] = processesOf(host);
    if (main !== undefined) kill(host, main);
    expect(await host.ask('Wait,web,@for=starting')).toEqual(['Ok']);
    const all = await events(host);
    const limit = all.find(({ kind }) => kind === 'limit');
    const exited = all.find(({ kind }) => kind === 'exited');
    expect(Object.fromEntries(limit?.details ?? [])).toMatchObject({
      ...{ what: 'memory', bound: String(40 * MIB), killed: '1', generation: '1', pid: String(main?.pid) },
    });
    expect(limit?.details.has('cause')).toBe(false);
    expect(exited?.details.get('cause')).toBe(String(limit?.sequence));
    expect(exited?.details.get('reason')).toBe('memory');
    expect(exited?.details.get('signal')).toBe('SIGKILL');
  });

  it('is told of while the unit lives, where it is not the main one, and each once whatever archond dies', async () => {
    await using host = await start();
    const [first, second] = [fork(host), fork(host)];
    kill(host, first);
    expect(await limits(host)).toMatchObject([{ killed: '1' }]);
    await host.killDeciding();
    expect(await limits(host)).toHaveLength(1);
    host.control.killArchond();
    kill(host, second);
    await host.untilAnswers();
    expect(await limits(host)).toMatchObject([{ killed: '1' }, { killed: '1' }]);
    await host.killDeciding();
    expect(await limits(host)).toHaveLength(2);
    expect((await host.ask('List'))[0]).toContain(',web,running,');
  });

  it('is told of by the next archond where it was the main one and archond was away, as the cause of its end', async () => {
    await using host = await start();
    host.control.killArchond();
    const [main] = processesOf(host);
    if (main !== undefined) kill(host, main);
    await host.untilAnswers();
    const all = await events(host);
    const limit = all.filter(({ kind }) => kind === 'limit');
    const exited = all.find(({ kind }) => kind === 'exited');
    expect(limit).toHaveLength(1);
    expect(exited?.details.get('cause')).toBe(String(limit[0]?.sequence));
  });

  it('is told of once, also where archond dies when all is over', async () => {
    for (const delay of ['1h', '10m']) {
      await using host = await start({ restart: { delay } });
      const [main] = processesOf(host);
      if (main !== undefined) kill(host, main);
      expect(await host.ask('Wait,web,@for=running')).toEqual(['Ok']);
      const [again] = processesOf(host);
      if (again !== undefined) kill(host, again);
      expect(await host.ask('Wait,web,@for=backoff')).toEqual(['Ok']);
      host.control.advanceMs(60_000);
      expect(await limits(host)).toHaveLength(2);
      await host.killDeciding();
      await host.killDeciding();
      expect(await limits(host)).toHaveLength(2);
      expect((await host.ask('List'))[0]).toContain(',web,backoff,');
    }
  });

  it('of another one is the cause of an end that follows it soon, and of none that follows it late', async () => {
    for (const [waitMs, isCause] of [
      [1000, true],
      [60_000, false],
    ] as const) {
      await using host = await start({ restart: 'never' });
      const [main] = processesOf(host);
      kill(host, fork(host));
      host.control.advanceMs(waitMs);
      main?.exit(137);
      expect(await host.ask('Wait,web,@for=failed')).toEqual(['Ok']);
      const all = await events(host);
      const limit = all.find(({ kind }) => kind === 'limit');
      const exited = all.find(({ kind }) => kind === 'exited');
      expect(exited?.details.get('cause')).toBe(isCause ? String(limit?.sequence) : undefined);
    }
  });

  it('is no cause of an end that was asked for', async () => {
    await using host = await start();
    kill(host, fork(host));
    expect(await host.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
    const all = await events(host);
    const [stopping, exited] = ['stopping', 'exited'].map((wanted) =>
      all.find(({ kind }) => kind === wanted),
    );
    expect(exited?.details.get('cause')).toBe(String(stopping?.sequence));
    expect(exited?.details.has('reason')).toBe(false);
  });

  it('by no limit of its own is told of without a bound', async () => {
    await using host = await start();
    kill(host, fork(host), false);
    const [limit] = await limits(host);
    expect(limit).toMatchObject({ what: 'memory', killed: '1' });
    expect(limit).not.toHaveProperty('bound');
  });
});

describe('Status', () => {
  it('says which limits the kernel holds a tree to', async () => {
    await using host = await start({ 'cpu-max': '150%', 'pids-max': 20 });
    const lines = await host.ask('Status,web');
    expect(lines).toContain(`Field,limits,memory-max=${40 * MIB},cpu-max=150%,pids-max=20`);
  });
});
