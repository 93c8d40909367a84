import { describe, expect, it } from 'vitest';
import { canMakeCgroups } from '../../support/cgroups.ts';
import { compileFixture } from '../../support/fixture.ts';
import type { SupervisorOptions } from '../../support/supervisor.ts';
import { Host } from '../configured/host.ts';

const MIB = 2 ** 20;

/** A service that leaks, and one that needs it; the first is restarted for what it leaks, however its tree is kept. */
async function show(options: SupervisorOptions): Promise<void> {
  await using host = await Host.start(() => ({}), options);
  const leaker = compileFixture('leaker', host.folder);
  const leaky = {
    command: ['sh', '-c', `${leaker} 64 & wait`],
    'restart-over': { memory: '24M', for: '300ms' },
    stop: { signal: 'SIGKILL' },
  };
  host.write(
    'archon.yaml',
    JSON.stringify({ version: 1, units: { leaky, app: { command: 'sleep 86400', needs: ['leaky'] } } }),
  );
  using ear = await host.listen();
  await host.ask('Reload');
  await ear.hear('leaky limit');
  await ear.hear('leaky running', 'app running');
  const told = (await host.events()).filter(({ label }) => label === 'leaky');
  const at = told.findIndex(({ kind }) => kind === 'limit');
  const [limit, stopping, exited, starting] = told.slice(at);
  expect([stopping?.kind, exited?.kind, starting?.kind]).toEqual(['stopping', 'exited', 'starting']);
  expect(stopping?.details.get('cause')).toBe(String(limit?.sequence));
  expect(stopping?.details.get('reason')).toBe('over-limit');
  expect(Number(limit?.details.get('value'))).toBeGreaterThan(24 * MIB);
  expect([limit?.details.get('what'), limit?.details.get('bound'), limit?.details.get('for')]).toEqual([
    ...['memory', String(24 * MIB), '300ms'],
  ]);
  /* It goes on to leak: what needs it goes down with it once it is up. */
  await ear.hear('app stopping');
  const app = (await host.events()).find(({ label, kind }) => label === 'app' && kind === 'stopping');
  expect(app?.details.get('need')).toBe('leaky');
}

describe('a service that leaks in a process of its tree', { timeout: 120_000 }, () => {
  it('is restarted by restart-over, and what needs it with it, where trees are cgroups', async (context) => {
    context.skip(!canMakeCgroups(), 'no cgroup can be made here');
    await show({ tree: 'cgroup' });
  });

  it('is restarted by restart-over where trees have minders', async () => {
    await show({ tree: 'minder' });
  });
});
