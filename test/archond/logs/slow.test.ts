import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { following, textsIn } from './log-rig.ts';

const LINE = 'x'.repeat(1000);
/** More than a stream may leave unread and the kernel holds. */
const LINES = 30_000;

function residentBytes(pid: number): number {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
  return Number(pages) * 4096;
}

it('a follower that does not read is ended when it is 16 MiB behind, and costs the others nothing', async () => {
  await using supervisor = await TestSupervisor.start();
  const script = `read start; yes ${LINE} | head -n ${LINES}; echo over; sleep 1000`;
  await supervisor.ask(`StartDaemon,true,@label=flood`);
  using deaf = await following(supervisor, 'flood');
  deaf.pause();
  using other = await following(supervisor, 'flood');
  await supervisor.ask(`StartDaemon,"sh -c '${script}'",@label=flood,@stdin=go`);
  const pid = await supervisor.decidingPid();
  let most = 0;
  let last = Date.now();
  while (!textsIn(other.lines.slice(-1)).includes('over')) {
    const before = other.lines.length;
    await other.until((lines) => lines.length > before);
    if (Date.now() - last < 20) continue;
    last = Date.now();
    most = Math.max(most, residentBytes(pid));
  }
  expect(textsIn(other.lines).length).toBe(LINES + 1);
  expect(most).toBeLessThan(200 << 20);
  deaf.resume();
  await deaf.untilClosed();
  const got = textsIn(deaf.lines);
  expect(deaf.lines.at(-1)).toBe('End,too-slow');
  expect(got.length).toBeLessThan(LINES);
  expect(got.every((text) => text === LINE)).toBe(true);
});

it('a past of any length is sent as fast as it is read, and holds nothing up', async () => {
  await using supervisor = await TestSupervisor.start();
  const lines = 60_000;
  expect(await supervisor.ask(`Run,"sh -c 'yes ${LINE} | head -n ${lines}'",@label=past,@keep=1`)).toEqual([
    'ExitStatus,0',
  ]);
  using client = await StreamClient.connect(supervisor.socket, 'Log,past,@follow=1');
  client.pause();
  const asked = process.hrtime.bigint();
  expect((await supervisor.ask('Version')).length).toBe(1);
  expect(Number(process.hrtime.bigint() - asked)).toBeLessThan(1e9);
  expect(residentBytes(await supervisor.decidingPid())).toBeLessThan(150 << 20);
  client.resume();
  await client.untilLine(/^Ok,\d+$/);
  expect(client.lines.at(-1)).toBe(`Ok,${lines}`);
});
