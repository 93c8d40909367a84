import { expect, it, vi } from 'vitest';
import { VirtualHost } from './stage/virtual-host.ts';

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
