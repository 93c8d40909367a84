import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { logOf, written } from './log-rig.ts';

const DAY_S = 24 * 60 * 60;

/** As if nothing had been written to it for so many days. */
function makeOld(log: string, days: number): void {
  const at = Date.now() / 1000 - days * DAY_S;
  utimesSync(log, at, at);
}

it('logs of commands that are run once go when nothing was written to them for a week, with all that belongs to them', async () => {
  await using supervisor = await TestSupervisor.start();
  const log = (label: string): string => logOf(supervisor, label);
  for (const label of ['old', 'in/folders', 'young', 'grown', 'again'])
    expect(await supervisor.ask(`Run,echo ${label},@label=${label}`)).toEqual(['ExitStatus,0']);
  /* A daemon writes to the log of a command: it is no longer one of a command only. */
  expect(await supervisor.ask('StartDaemon,echo daemon,@label=grown')).toEqual([
    expect.stringMatching(/^Ok,grown,/),
  ]);
  await supervisor.ask('Wait,grown', 'StartDaemon,echo daemon,@label=daemon', 'Wait,daemon');
  using busy = await StreamClient.connect(supervisor.socket);
  busy.send("Run,sh -c 'echo begun; exec sleep 1000',@label=busy");
  await expect.poll(() => existsSync(log('busy')) && written(supervisor, 'busy')).toBe('begun\n');
  mkdirSync(`${log('old')}~old`);
  for (const name of ['00000001.gz', '00000001~times']) writeFileSync(`${log('old')}~old/${name}`, '');
  for (const label of ['old', 'in/folders', 'grown', 'busy', 'daemon']) makeOld(log(label), 7.1);
  for (const label of ['young', 'again']) makeOld(log(label), 6.9);

  /* The next archond looks soon after its start. */
  await supervisor.killDeciding();
  for (const label of ['old', 'in/folders'])
    for (const part of ['', '~times', '~old', '~run'])
      await expect.poll(() => existsSync(`${log(label)}${part}`), { timeout: 60_000 }).toBe(false);
  for (const label of ['young', 'grown', 'busy', 'daemon', 'again'])
    expect([label, existsSync(log(label)), existsSync(`${log(label)}~times`)]).toEqual([label, true, true]);
  expect(['young', 'grown', 'busy', 'daemon'].map((label) => existsSync(`${log(label)}~run`))).toEqual([
    true,
    false,
    true,
    false,
  ]);
  /* What is gone begins anew, and is one of a command again. */
  expect(await supervisor.ask('Run,echo anew,@label=old')).toEqual(['ExitStatus,0']);
  expect([written(supervisor, 'old'), existsSync(`${log('old')}~run`)]).toEqual(['anew\n', true]);
  busy.sayAll();
  await supervisor.ask('Stop,busy');
}, 120_000);
