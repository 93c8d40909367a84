import path from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../archond/ports/ports-rig.ts';
import { ROOT, TestSupervisor } from '../support/supervisor.ts';

const NAMES = ['plain', 'passed', 'seldom', 'steady'] as const;

test('the example of ports serves each in its way, over restarts', { timeout: 120_000 }, async () => {
  const ports: Record<string, string> = {};
  for (const name of NAMES) ports[name] = String(await freePort());
  const include = [path.join(ROOT, 'examples/ports/servers.yaml')];
  await using archon = await TestSupervisor.start({
    config: JSON.stringify({ version: 1, params: ports, include }),
  });
  const answer = async (name: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${ports[name]}/`, { headers: { connection: 'close' } })).text();
  const pidOf = async (name: string): Promise<string> =>
    (await archon.ask(`List,${name}`))[0]?.split(',')[3] ?? '';

  for (const name of ['plain', 'passed', 'steady']) {
    expect(await archon.ask(`Wait,${name},@for=running`)).toEqual(['Ok']);
    for (let round = 0; round < 2; round += 1) {
      const pid = await pidOf(name);
      expect(await answer(name)).toBe(`${name}, process ${pid}\n`);
      expect(await archon.ask(`Restart,${name}`)).toEqual([`Done,${name},running`, 'Ok,1']);
      expect(await pidOf(name)).not.toBe(pid);
      await archon.killDeciding();
    }
  }
  expect((await archon.ask('Events,steady')).some((line) => line.includes(',replaces='))).toBe(true);

  /* It ends when nobody asks, and is back when somebody does. */
  expect((await archon.ask('Events,seldom')).some((line) => line.includes(',seldom,starting,'))).toBe(false);
  const first = await answer('seldom');
  await expect.poll(async () => pidOf('seldom')).toBe('');
  const second = await answer('seldom');
  expect(second).toMatch(/^seldom, process \d+\n$/);
  expect(second).not.toBe(first);
});
