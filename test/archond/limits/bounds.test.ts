import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../../src/sys/fake/process-types.ts';
import { toldAmong, type Told } from '../../support/told.ts';
import type { Units } from '../stage/stage.ts';
import { VirtualHost } from '../stage/virtual-host.ts';

const MIB = 2 ** 20;
const SLEEP = { command: 'sleep 86400' };

/** From now on the processes of the unit that was started last have this. */
function use(
  host: VirtualHost,
  label: string,
  used: { readonly mib?: number; readonly cpuSeconds?: number },
): void {
  const entries = host.control.keeper.table.entries().filter((entry) => entry.label === label);
  for (const entry of entries)
    for (const process of host.control.members(entry))
      process.usage = {
        ...NO_USAGE,
        maxRssKib: (used.mib ?? 0) * 1024,
        userUs: (used.cpuSeconds ?? 0) * 1e6,
      };
}

async function events(host: VirtualHost): Promise<readonly Told[]> {
  return toldAmong(await host.ask('Events')).filter(({ label }) => label !== '');
}

async function limits(host: VirtualHost): Promise<readonly Told[]> {
  return (await events(host)).filter(({ kind }) => kind === 'limit');
}

/** Lets so much time pass, with all that happens in it. */
async function pass(host: VirtualHost, ms: number): Promise<void> {
  const untilMs = host.control.nowMs() + ms;
  host.control.kernel.loop.schedule(untilMs, () => undefined);
  while (host.control.nowMs() < untilMs) await host.step();
}

async function start(units: Units): Promise<VirtualHost> {
  const host = await VirtualHost.start(units);
  for (const label of Object.keys(units))
    expect(await host.ask(`Wait,${label},@for=running`)).toEqual(['Ok']);
  return host;
}

describe('restart-over', () => {
  it('tells of memory that was over its bound for so long, and restarts the unit and what needs it for that', async () => {
    const leaky = { ...SLEEP, 'restart-over': { memory: '500M', for: '30s' } };
    await using host = await start({ leaky, app: { ...SLEEP, needs: ['leaky'] } });
    use(host, 'leaky', { mib: 501 });
    await pass(host, 25_000);
    expect(await limits(host)).toEqual([]);
    await pass(host, 25_000);
    const all = await events(host);
    const at = all.findIndex(({ kind }) => kind === 'limit');
    expect(Object.fromEntries(all[at]?.details ?? [])).toMatchObject({
      ...{ what: 'memory', value: String(501 * MIB), bound: String(500 * MIB), for: '30s', generation: '1' },
    });
    const after = all.slice(at + 1).map(({ label, kind }) => `${label} ${kind}`);
    expect(after.filter((one) => one.startsWith('leaky'))).toEqual(
      ['stopping', 'exited', 'starting', 'running'].map((kind) => `leaky ${kind}`),
    );
    expect(after).toEqual(
      expect.arrayContaining(['app stopping', 'app exited', 'app starting', 'app running']),
    );
    const stopping = all.find(({ label, kind }) => label === 'leaky' && kind === 'stopping');
    expect(stopping?.details.get('reason')).toBe('over-limit');
    expect(stopping?.details.get('cause')).toBe(String(all[at]?.sequence));
  });

  it('begins anew with what has gone back in between, with another process, and with another archond', async () => {
    await using host = await start({ leaky: { ...SLEEP, 'restart-over': { memory: '500M', for: '30s' } } });
    use(host, 'leaky', { mib: 501 });
    await pass(host, 25_000);
    use(host, 'leaky', { mib: 400 });
    await pass(host, 15_000);
    use(host, 'leaky', { mib: 501 });
    await pass(host, 25_000);
    await host.killDeciding();
    await pass(host, 25_000);
    expect(await host.ask('Restart,leaky')).toEqual(['Done,leaky,running', 'Ok,1']);
    use(host, 'leaky', { mib: 501 });
    await pass(host, 25_000);
    expect(await limits(host)).toEqual([]);
    await pass(host, 25_000);
    expect(await limits(host)).toHaveLength(1);
  });

  it('counts the processor in percent of one', async () => {
    await using host = await start({ busy: { ...SLEEP, 'restart-over': { cpu: '150%', for: '10s' } } });
    for (let second = 1; second <= 40 && (await limits(host)).length === 0; second++) {
      use(host, 'busy', { cpuSeconds: second * 1.4 });
      await pass(host, 1000);
    }
    expect(await limits(host)).toEqual([]);
    for (let second = 1; second <= 40 && (await limits(host)).length === 0; second++) {
      use(host, 'busy', { cpuSeconds: 56 + second * 3 });
      await pass(host, 1000);
    }
    const [limit] = await limits(host);
    expect(limit?.details.get('what')).toBe('cpu');
    expect(Number(limit?.details.get('value'))).toBeGreaterThan(150);
    expect([limit?.details.get('bound'), limit?.details.get('for')]).toEqual(['150', '10s']);
  });

  it('leaves a unit failed that is never restarted, and says so', async () => {
    await using host = await start({
      leaky: { ...SLEEP, restart: 'never', 'restart-over': { memory: '1M', for: '1s' } },
    });
    use(host, 'leaky', { mib: 2 });
    expect(await host.ask('Wait,leaky,@for=failed')).toEqual(['Ok']);
    const failed = (await events(host)).find(({ kind }) => kind === 'failed');
    expect(failed?.details.get('reason')).toBe('over-limit');
  });

  it('replaces what is replaced at a restart, and is told again where that comes to nothing', async () => {
    await using host = await start({
      leaky: {
        ...{ command: '/tmp/units/slow-service', ready: { fd: 3 }, 'on-restart': 'replace' },
        'restart-over': { memory: '1M', for: '1s' },
      },
    });
    use(host, 'leaky', { mib: 2 });
    await host.until(() => host.control.keeper.table.lastGeneration >= 2);
    await pass(host, 500);
    const all = await events(host);
    const limit = all.find(({ kind }) => kind === 'limit');
    const second = all.find(({ kind, details }) => kind === 'starting' && details.has('replaces'));
    expect(second?.details.get('cause')).toBe(String(limit?.sequence));
    expect(all.map(({ kind }) => kind)).not.toContain('failed');
  });
});
