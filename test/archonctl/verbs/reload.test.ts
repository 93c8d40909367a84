import { describe, expect, it } from 'vitest';
import { configure, latest, pids } from '../../archond/reload/reload-rig.ts';
import { FOREVER, Host } from '../../archond/configured/host.ts';
import { archonctl, type Ended } from '../client.ts';

const OTHER = { command: 'sleep 86401' } as const;

async function call(host: Host, ...words: readonly string[]): Promise<Ended> {
  return archonctl(host.supervisor.socket, words);
}

function done(stdout: string, stderr = ''): Ended {
  return { code: 0, stdout, stderr };
}

/** When an event of the supervisor's configuration was told, in seconds. */
async function timeOf(host: Host, what: string): Promise<number> {
  const lines = await host.ask('Events,@kind=config');
  const [, , time] = lines.find((line) => line.includes(`,config,what=${what}`))?.split(',') ?? [];
  return Number(time);
}

describe('archonctl reload', () => {
  it('says what it has done, in words and as JSON, and leaves alone what has not changed', async () => {
    await using host = await Host.start({ db: FOREVER, web: FOREVER, old: FOREVER });
    await host.until('running', 'db', 'web', 'old');
    const db = await host.pidOf('db');
    expect(await call(host, 'reload')).toEqual(done('nothing changes\n'));
    const units = { db: FOREVER, web: OTHER, new: FOREVER };
    configure(host, units);
    expect(await call(host, 'reload')).toEqual(
      done('~ web  restarted: command\n+ new  started\n- old  stopped and forgotten\n1 unit unchanged\n'),
    );
    await host.until('running', 'web', 'new');
    expect(await host.pidOf('db')).toBe(db);
    expect(await host.fact('web', 'command')).toBe('sleep 86401');
    configure(host, { ...units, web: { ...OTHER, description: 'the site' } });
    const { stdout, ...rest } = await call(host, 'reload', '--json');
    expect(rest).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      changes: [
        { label: 'db', kind: 'unchanged', meaning: '' },
        { label: 'web', kind: 'changed', meaning: 'taken over: description' },
        { label: 'new', kind: 'unchanged', meaning: '' },
      ],
    });
  });

  it('only says what it would do with --check', async () => {
    await using host = await Host.start({ web: FOREVER, old: FOREVER });
    await host.until('running', 'web', 'old');
    const were = await pids(host);
    configure(host, { web: OTHER, spare: { ...FOREVER, enabled: false } });
    const text =
      '~ web    restarted: command\n+ spare  not started: it is not enabled\n- old    stopped and forgotten\n';
    for (let time = 0; time < 2; time += 1) expect(await call(host, 'reload', '--check')).toEqual(done(text));
    const { stdout } = await call(host, 'reload', '--check', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      changes: [{ label: 'web' }, { label: 'spare' }, { label: 'old' }],
    });
    expect(await pids(host)).toEqual(were);
    expect(await host.fact('web', 'command')).toBe('sleep 86400');
    expect(await latest(host, '', 'config')).toBe('');
  });

  it('names each thing that is wrong with its place, and changes nothing', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.until('running', 'web');
    const were = await pids(host);
    const dump = await host.ask('Dump,config');
    host.write(
      'archon.yaml',
      'version: 1\nunits:\n  web:\n    comand: sleep 1\n  db: {command: sleep 1, nice: 99}\n',
    );
    const file = host.file('archon.yaml');
    for (const words of [
      ['reload'],
      ['reload', '--check'],
      ['reload', '--json'],
      ['reload', '--confirm', '1m'],
    ]) {
      const { code, stdout, stderr } = await call(host, ...words);
      expect([code, stdout]).toEqual([1, '']);
      const lines = stderr.split('\n').slice(0, -1);
      expect(lines).toEqual([
        expect.stringContaining(`archonctl: the configuration is wrong: ${file}:4:5: `),
        expect.stringContaining(`archonctl: ${file}:5:32: `),
      ]);
      expect(lines[0]).toMatch(/comand.*command.* \(and 1 more\)$/);
      expect(lines[1]).toMatch(/nice.*-20.*19.*99/);
    }
    expect(await pids(host)).toEqual(were);
    expect(await host.ask('Dump,config')).toEqual(dump);
    expect(await call(host, 'confirm')).toMatchObject({ code: 1 });
    expect(await latest(host, '', 'config')).toContain('what=refused');
    host.write('archon.yaml', '');
    expect(await call(host, 'reload', '--check')).toMatchObject({ code: 0 });
  });

  it('is wrong use with what says nothing', async () => {
    await using host = await Host.start({ web: FOREVER });
    expect(await call(host, 'reload', '--check', '--confirm', '1m')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'archonctl: --check changes nothing that could be confirmed\n',
    });
    for (const words of [['--confirm', 'soon'], ['--confirm'], ['--chek'], ['web']])
      expect(await call(host, 'reload', ...words)).toMatchObject({ code: 2, stdout: '' });
    expect(await call(host, 'confirm', 'web')).toMatchObject({ code: 2, stdout: '' });
    const nobody = await archonctl('/nowhere/archon.sock', ['reload']);
    expect(nobody).toMatchObject({ code: 69, stdout: '' });
  });
});

describe('archonctl reload --confirm', () => {
  it('says what has to follow; archonctl confirm says what it keeps, and is refused where nothing waits for it', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.until('running', 'web');
    configure(host, { web: OTHER, more: FOREVER });
    expect(await call(host, 'reload', '--confirm', '90m')).toEqual(
      done(
        '~ web   restarted: command\n+ more  started\n',
        'archonctl: archonctl confirm has to follow within 1h 30m, else what was in force comes back\n',
      ),
    );
    expect(await call(host, 'confirm')).toEqual(done('~ web   confirmed\n+ more  confirmed\n'));
    expect(await call(host, 'confirm')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'archonctl: nothing waits to be confirmed\n',
    });
    configure(host, { web: OTHER });
    expect(await call(host, 'reload', '--confirm', '1h', '--json')).toMatchObject({ code: 0 });
    const { stdout } = await call(host, 'confirm', '--json');
    expect(JSON.parse(stdout)).toEqual({
      changes: [{ label: 'more', kind: 'removed', meaning: 'confirmed' }],
    });
    expect(await host.states()).toBe('web:running');
  });

  it('has what was before applied again where nothing follows, by units and not by restarting all', async () => {
    await using host = await Host.start({ web: FOREVER, same: FOREVER, old: FOREVER });
    await host.until('running', 'web', 'same', 'old');
    const same = await host.pidOf('same');
    configure(host, { web: OTHER, same: FOREVER, more: FOREVER });
    expect(await call(host, 'reload', '--confirm', '1s')).toMatchObject({ code: 0 });
    await expect.poll(async () => latest(host, '', 'config'), { timeout: 20_000 }).toContain('what=reverted');
    await host.until('running', 'web', 'old');
    await expect.poll(async () => host.states()).toBe('old:running same:running web:running');
    expect(await host.fact('web', 'command')).toBe('sleep 86400');
    expect(await host.pidOf('same')).toBe(same);
    expect(await call(host, 'confirm')).toMatchObject({ code: 1 });
    /* The files are still as they were written: another reload is what they say. */
    expect(await call(host, 'reload', '--check')).toMatchObject({
      stdout: expect.stringContaining('~ web   restarted: command\n') as string,
    });
  });

  it('holds its deadline where archond is killed meanwhile, and SIGHUP does not confirm it', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.until('running', 'web');
    configure(host, { web: OTHER });
    expect(await call(host, 'reload', '--confirm', '4s')).toMatchObject({ code: 0 });
    await host.killDeciding();
    expect(await host.fact('web', 'command')).toBe('sleep 86401');
    host.supervisor.signal('SIGHUP');
    await host.killDeciding();
    await expect.poll(async () => latest(host, '', 'config'), { timeout: 40_000 }).toContain('what=reverted');
    const seconds = (await timeOf(host, 'reverted')) - (await timeOf(host, 'reloaded'));
    expect(seconds).toBeGreaterThan(3);
    await host.until('running', 'web');
    expect(await host.fact('web', 'command')).toBe('sleep 86400');
  });
});

describe('SIGHUP', () => {
  it('reloads as archonctl reload does, and a wrong file changes nothing then either', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.until('running', 'web');
    const web = await host.pidOf('web');
    configure(host, { web: FOREVER, more: FOREVER });
    host.supervisor.signal('SIGHUP');
    await expect.poll(async () => latest(host, '', 'config')).toContain('what=reloaded,signal=SIGHUP');
    await host.until('running', 'more');
    host.write('archon.yaml', 'units: [');
    host.supervisor.signal('SIGHUP');
    await expect.poll(async () => latest(host, '', 'config')).toContain('what=refused,signal=SIGHUP');
    expect(await latest(host, '', 'config')).toContain(`${host.file('archon.yaml')}:1:9`);
    expect(await host.states()).toBe('more:running web:running');
    expect(await host.pidOf('web')).toBe(web);
  });
});
