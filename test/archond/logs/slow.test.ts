import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { following, textsIn } from './log-rig.ts';

const LINE = 'x'.repeat(1000);
/** More than a stream may leave unread and the kernel holds. */
const LINES = 30_000;
/** As many come at once, so that who reads is never far behind. */
const CHUNK = 1000;

function residentBytes(pid: number): number {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ');
  return Number(pages) * 4096;
}

it('a follower that does not read is ended when it is 16 MiB behind, and costs the others nothing', async () => {
  await using supervisor = await TestSupervisor.start();
  const gate = `${supervisor.folder}/gate`;
  execFileSync('mkfifo', [gate]);
  const script = `while read -r chunk; do yes ${LINE} | head -n ${CHUNK}; done < ${gate}; echo over; sleep 1000`;
  await supervisor.ask(`StartDaemon,true,@label=flood`);
  using deaf = await following(supervisor, 'flood');
  deaf.pause();
  using other = await following(supervisor, 'flood');
  await supervisor.ask(`StartDaemon,"sh -c '${script}'",@label=flood`);
  const pid = await supervisor.decidingPid();
  let most = 0;
  const opened = openSync(gate, 'r+');
  for (let count = CHUNK; count <= LINES; count += CHUNK) {
    writeSync(opened, 'more\n');
    await other.until((lines) => lines.length > count);
    most = Math.max(most, residentBytes(pid));
  }
  closeSync(opened);
  rmSync(gate);
  await other.until((lines) => textsIn(lines.slice(-1)).includes('over'));
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
