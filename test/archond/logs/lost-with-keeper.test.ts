import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { isAlive } from '../../support/processes.ts';
import { TestSupervisor } from '../../support/supervisor.ts';

async function told(supervisor: TestSupervisor, label: string, kind: string): Promise<string[]> {
  return (await supervisor.ask(`Events,${label},@kind=${kind}`)).slice(0, -1);
}

it('output that went with a process while nobody had its pipe is told of once, and none that was kept', async () => {
  await using first = await TestSupervisor.start();
  const gate = path.join(first.folder, 'out');
  execFileSync('mkfifo', [gate]);
  const script = `echo first; read word < ${gate}; echo last; exit 3`;
  const [answer = ''] = await first.ask(`StartDaemon,"sh -c '${script}'",@label=late`);
  const pid = Number(answer.split(',')[2]);
  await first.ask(`StartDaemon,"sh -c 'echo all; exit 4'",@label=early`, 'Wait,early');
  await first.killAll();
  writeFileSync(gate, 'word\n');
  await expect.poll(() => isAlive(pid)).toBe(false);
  await using next = await first.again();
  await expect.poll(async () => (await told(next, 'late', 'exited')).length).toBe(1);
  const lost = await told(next, 'late', 'lost');
  expect(lost).toEqual([expect.stringContaining(`,lost,pid=${pid},generation=1,what=output,`)]);
  expect(await told(next, 'early', 'lost')).toEqual([]);
  await next.killDeciding();
  expect(await told(next, 'late', 'lost')).toEqual(lost);
});
