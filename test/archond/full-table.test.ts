import { expect, it } from 'vitest';
import { statesOf } from './stage/stage.ts';
import { VirtualHost } from './stage/virtual-host.ts';

const ENTRIES = 4;
const FULL = 'the table of processes is full';
const UNITS = {
  web: { command: 'sleep 1000' },
  more: { command: 'sleep 1000', enabled: false, restart: { delay: '1s', factor: 1, jitter: 0 } },
};

/** A host whose table has no entry left: `web` and daemons have them all. */
async function fullHost(tree: 'cgroup' | 'minder'): Promise<VirtualHost> {
  const host = await VirtualHost.start(UNITS, { tree, tableEntries: ENTRIES });
  await host.ask('Wait,web,@for=running');
  for (let number = 1; number < ENTRIES; number += 1)
    expect(await host.ask(`StartDaemon,sleep 1000,@label=d${number}`)).toEqual([
      expect.stringMatching(`^Ok,d${number},`),
    ]);
  return host;
}

it.each(['cgroup', 'minder'] as const)(
  'a table that is full refuses by name what starts, and takes more when there is room (%s)',
  async (tree) => {
    await using host = await fullHost(tree);
    const refused = [`Error,cannot run sleep: ${FULL},limit`];
    expect(await host.ask('StartDaemon,sleep 1000,@label=extra')).toEqual(refused);
    expect(await host.ask('Run,sleep 1,@label=extra')).toEqual(refused);
    expect([...(await statesOf(host)).keys()]).not.toContain('extra');

    const started = await host.ask('Start,more');
    expect(started[0]).toBe(`Failed,more,cannot run sleep: ${FULL},limit`);
    expect((await statesOf(host)).get('more')).toBe('backoff');

    /* What has an entry gets along with it. */
    expect(await host.ask('Restart,web')).toEqual(expect.arrayContaining([expect.stringMatching(/^Ok/)]));

    await host.ask('Stop,d1');
    await host.ask('Forget,d1');
    expect(await host.ask('Wait,more,@for=running,@timeout=1m')).toEqual(['Ok']);
    expect(await host.ask('StartDaemon,sleep 1000,@label=extra')).toEqual(refused);

    await host.ask('Stop,d2');
    await host.ask('Forget,d2');
    expect(await host.ask('Run,sleep 1,@label=extra')).toEqual(['ExitStatus,0']);
    /* Its entry goes when its code is on the way to the client. */
    await host.until(() => host.control.keeper.table.rows().length < ENTRIES);
    expect(await host.ask('StartDaemon,sleep 1000,@label=extra')).toEqual([
      expect.stringMatching(/^Ok,extra,/),
    ]);
    await host.killDeciding();
    expect(await host.ask('StartDaemon,sleep 1000,@label=other')).toEqual(refused);
    const states = await statesOf(host);
    for (const label of ['web', 'more', 'd3', 'extra'])
      expect([label, states.get(label)]).toEqual([label, 'running']);
  },
);
