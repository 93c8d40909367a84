import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyUnlimited } from '../../support/cgroups.ts';
import { compileFixture } from '../../support/fixture.ts';
import { ROOT } from '../../support/supervisor.ts';
import { Host } from '../configured/host.ts';

const LIMITED = { command: 'sleep 86400', 'memory-max': '64M', 'pids-max': 20 };
const COMPLAINT =
  /archon\.yaml:1:\d+: units\.web\.memory-max: it needs the memory controller of cgroup2, which cannot be had: .*, or say limits: best-effort/;
const missing = whyUnlimited();

/** What a check by hand says of the configuration of a host. */
function check(host: Host, program: 'archond' | 'archonctl', ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(path.join(ROOT, 'bin', program), args, {
    cwd: host.folder,
    env: { ...process.env, NODE_OPTIONS: undefined, NO_COLOR: '1' },
    encoding: 'utf8',
  });
  return { code: status, said: stdout + stderr };
}

describe('limits that nothing here can enforce', { timeout: 120_000 }, () => {
  it('are a complaint at a reload and at a check, which changes nothing, and none with best-effort', async () => {
    await using host = await Host.start({ web: { command: 'sleep 86400' } }, { tree: 'minder' });
    const pid = await host.pidOf('web');
    host.write('archon.yaml', JSON.stringify({ version: 1, units: { web: LIMITED } }));
    const [answer = '', ...others] = await host.ask('Reload');
    expect(others).toEqual([]);
    expect(answer).toMatch(/^Error,/);
    expect(answer).toMatch(COMPLAINT);
    expect(answer).toContain('trees are kept together by minders here');
    const byHand = check(
      host,
      'archond',
      '--check',
      '--tree',
      'minder',
      '--config',
      host.file('archon.yaml'),
    );
    expect(byHand.code).toBe(1);
    expect(byHand.said).toMatch(COMPLAINT);
    expect(await host.pidOf('web')).toBe(pid);
    const modest = { ...LIMITED, limits: 'best-effort' };
    host.write('archon.yaml', JSON.stringify({ version: 1, units: { web: modest } }));
    expect((await host.ask('Reload')).at(-1)).toMatch(/^Ok,/);
    expect(await host.pidOf('web')).toBe(pid);
    expect(await host.fact('web', 'limits')).toBeUndefined();
    expect(await host.ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
  });

  it.skipIf(missing === undefined)(
    `are complained about by what is in the way (here: ${missing ?? 'nothing'})`,
    async () => {
      await using host = await Host.start({ web: { command: 'sleep 86400' } });
      host.write('archon.yaml', JSON.stringify({ version: 1, units: { web: LIMITED } }));
      const [answer = ''] = await host.ask('Reload');
      expect(answer).toMatch(COMPLAINT);
    },
  );
});

describe(`limits that the kernel enforces${missing === undefined ? '' : ` (not shown: ${missing})`}`, () => {
  it.runIf(missing === undefined)(
    'kill what takes more memory, and that is told as the cause of its end',
    async () => {
      await using host = await Host.start({});
      const leaker = compileFixture('leaker', host.folder);
      const units = { web: { command: [leaker, '128'], 'memory-max': '32M', restart: 'never' } };
      writeFileSync(host.file('archon.yaml'), JSON.stringify({ version: 1, units }));
      await host.ask('Reload');
      await host.until('failed', 'web');
      const told = await host.events();
      const limit = told.find(({ kind }) => kind === 'limit');
      const exited = told.find(({ kind }) => kind === 'exited');
      expect([limit?.details.get('what'), limit?.details.get('bound')]).toEqual([
        'memory',
        String(32 * 2 ** 20),
      ]);
      expect([exited?.details.get('signal'), exited?.details.get('cause')]).toEqual([
        ...['SIGKILL', String(limit?.sequence)],
      ]);
    },
  );

  it.runIf(missing === undefined)('refuse a process too many, and change without a restart', async () => {
    const many = {
      command: ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 86400 & done; wait'],
      'pids-max': 5,
    };
    await using host = await Host.start({ web: many });
    const pid = await host.pidOf('web');
    expect(await host.fact('web', 'limits')).toBe('pids-max=5');
    host.write('archon.yaml', JSON.stringify({ version: 1, units: { web: { ...many, 'pids-max': 7 } } }));
    await host.ask('Reload');
    expect([await host.pidOf('web'), await host.fact('web', 'limits')]).toEqual([pid, 'pids-max=7']);
  });
});
