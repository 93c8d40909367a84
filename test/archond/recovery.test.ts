import { expect, it, vi } from 'vitest';
import { allIgnoreLastWords } from './stage/last-words.ts';
import { VirtualHost } from './stage/virtual-host.ts';

allIgnoreLastWords();

/** How often all of the table is read while a successor takes over so many services. */
async function timesRead(services: number): Promise<number> {
  const labels = Array.from({ length: services }, (_, number) => `service-${number}`);
  const units = Object.fromEntries(labels.map((label) => [label, { command: 'sleep 1000000' }]));
  await using host = await VirtualHost.start(units);
  const isUp = async (): Promise<boolean> => {
    const lines = await host.ask('List');
    return lines.filter((line) => line.split(',')[2] === 'running').length === services;
  };
  while (!(await isUp())) await host.step();
  using read = vi.spyOn(host.control.keeper.table, 'entries');
  await host.killDeciding();
  const times = read.mock.calls.length;
  expect(await isUp()).toBe(true);
  expect(host.faults).toEqual([]);
  return times;
}

it('The table of processes is read as often in the recovery of a hundred services as in that of one', async () => {
  expect(await timesRead(100)).toBe(await timesRead(1));
});

it('A daemon that was forgotten stays so wherever archond dies over it', async () => {
  const deaths: string[] = [];
  for (let at = 1; ; at += 1) {
    await using host = await VirtualHost.start({});
    expect(await host.ask('StartDaemon,sleep 1000000,@label=one', 'Stop,one')).toHaveLength(3);
    host.control.killArchondAtCall(at);
    const client = host.connect('Forget,one');
    await host.until(() => client.isGone || client.peek(/^(?:Ok|Error)/) !== undefined);
    const isAnswered = client.peek(/^Ok,1$/) !== undefined;
    const { killedAt } = host.control;
    await host.untilAnswers();
    const left = (await host.ask('List')).slice(0, -1);
    if (isAnswered || killedAt === 'keeper.free') expect(left, `killed at ${killedAt ?? ''}`).toEqual([]);
    if (killedAt === undefined) break;
    deaths.push(killedAt);
  }
  expect(deaths).toContain('keeper.free');
});
