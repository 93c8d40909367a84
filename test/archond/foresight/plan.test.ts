import { describe, expect, it } from 'vitest';
import { FOREVER, Host } from '../configured/host.ts';
import { writeBehaviours } from '../stage/behaviours.ts';
import { VirtualHost } from '../stage/virtual-host.ts';
import { agrees, planned, playOrders, randomUnits, settled } from './agreement.ts';

/* More: ARCHON_PLAN_GRAPHS=1000 npx vitest run --configLoader runner test/archond/foresight/plan */
const GRAPHS = Number(process.env['ARCHON_PLAN_GRAPHS'] ?? 100);
const ORDERS = 6;

describe('a plan', () => {
  it('is what then happens, for random graphs and orders', async () => {
    let steps = 0;
    for (let seed = 1; seed <= GRAPHS; seed += 1) {
      await using host = await VirtualHost.start((folder) => randomUnits(3 + (seed % 20), seed, folder));
      const labels = [...Array.from({ length: 3 + (seed % 20) }, (_, number) => `u${number}`)];
      steps += await playOrders(host, labels, seed, ORDERS);
    }
    console.log(`${GRAPHS} graphs, ${GRAPHS * ORDERS} orders, ${steps} steps were foreseen`);
    expect(steps).toBeGreaterThan(GRAPHS * ORDERS);
  }, 300_000);

  it('is what then happens to real processes', async () => {
    await using host = await Host.start((folder) => {
      writeBehaviours(folder);
      return randomUnits(10, 7, folder);
    });
    expect(await playOrders(host, ['u0', 'u3', 'u5', 'u9'], 3, ORDERS)).toBeGreaterThan(0);
  });

  it('has what is under way already for who would join it, and for nobody else', async () => {
    await using host = await Host.start((folder) => ({
      slow: { ...FOREVER, ready: { file: `${folder}/slow-is-ready` } },
      other: { ...FOREVER, ready: { file: `${folder}/other-is-ready` } },
      web: { ...FOREVER, needs: ['slow'] },
    }));
    await host.until('starting', 'slow', 'other');
    expect(await host.ask('Plan,start,web')).toEqual(['Ok,0']);
    expect(await host.ask('Plan,start,web,@under-way=1')).toEqual([
      'Step,1,slow,starting,,,1',
      'Step,2,web,starting,1,,1',
      'Ok,2',
    ]);
    host.write('slow-is-ready', '');
    await host.until('running', 'web');
    expect(await host.ask('Plan,start,web,@under-way=1')).toEqual(['Ok,0']);
  });

  it('says how long it will take by how long it took, which is kept over boots, and what is critical', async () => {
    const units = (folder: string): Record<string, Record<string, unknown>> => ({
      slow: { command: [`${folder}/slow-service`], ready: { fd: 3 }, enabled: false },
      quick: { ...FOREVER, enabled: false },
      web: { ...FOREVER, needs: ['slow', 'quick'], enabled: false },
    });
    await using host = await Host.start((folder) => {
      writeBehaviours(folder);
      return units(folder);
    });
    const first = await planned(host, 'start', 'web');
    expect(first.map(({ action, label, seconds }) => [action, label, seconds])).toEqual([
      ['start', 'slow', ''],
      ['start', 'quick', ''],
      ['start', 'web', ''],
    ]);
    expect(first.at(-1)).toMatchObject({ after: [1, 2], isCritical: true });
    await agrees(host, 'start', 'web');
    const stops = await agrees(host, 'stop', 'slow');
    expect(stops.map(({ action, label, after }) => [action, label, after])).toEqual([
      ['stop', 'web', []],
      ['stop', 'slow', [1]],
    ]);
    await host.ask('Stop,*,@force=1');
    await host.supervisor.killDeciding();
    await host.ask('Shutdown');
    await host.again();
    await settled(host);
    const again = await planned(host, 'start', 'web');
    const slow = again.find(({ label }) => label === 'slow');
    expect(Number(slow?.seconds)).toBeGreaterThan(0);
    expect(again.filter(({ isCritical }) => isCritical).map(({ label }) => label)).toEqual(['slow', 'web']);
  });

  it('is refused where the order would be, and is for who may only look', async () => {
    await using host = await Host.start({
      a: { ...FOREVER, conflicts: ['b'] },
      b: { ...FOREVER, enabled: false },
    });
    await host.until('running', 'a');
    expect(await host.ask('Plan,start,nobody')).toEqual(['Error,there is no unit nobody,not-found']);
    expect(await host.ask('Plan,start,a,b')).toEqual([
      expect.stringMatching(/^Error,"?a and b exclude each other.*,conflict/),
    ]);
    expect(await host.ask('Plan,start,none*')).toEqual(['Ok,0']);
    const steps = await planned(host, 'start', 'b');
    expect(steps.map(({ action, label, after }) => [action, label, after])).toEqual([
      ['stop', 'a', []],
      ['start', 'b', [1]],
    ]);
    expect(await planned(host, 'start', 'a')).toEqual([]);
  });
});
