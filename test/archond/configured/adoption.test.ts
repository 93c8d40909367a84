import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { startTicksOf } from '../../support/processes.ts';
import { FOREVER, gate, Host, leavesAt } from './host.ts';

/** More events than a successor looks back at. */
const MANY_RUNS = 100;

/** How many processes of each unit there were so far; one whose start was not told any more was adopted. */
async function starts(host: Host): Promise<Record<string, number>> {
  const generations: Record<string, Set<string>> = {};
  for (const { label, kind, details } of await host.events())
    if (kind === 'starting' || kind === 'adopted')
      (generations[label] ??= new Set()).add(details.get('generation') ?? '');
  return Object.fromEntries(Object.entries(generations).map(([label, { size }]) => [label, size]));
}

describe('a successor of an archond that was killed', () => {
  it('goes on with a bring-up where that was, and starts nothing twice', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['setup'] },
      setup: {
        type: 'oneshot',
        script: `${gate(folder, 'setup')}; echo done >> ${folder}/deeds`,
        needs: ['db'],
      },
      db: {
        command: ['sh', '-c', `${gate(folder, 'db')}; echo >&3; exec sleep 86400`],
        ready: { fd: 3, timeout: '1m' },
      },
    }));
    await host.until('starting', 'db');
    const pid = await host.pidOf('db');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:starting setup:waiting web:waiting');
    expect(await host.pidOf('db')).toBe(pid);
    await host.open('db');
    await host.until('starting', 'setup');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:running setup:starting web:waiting');
    await host.open('setup');
    await host.until('running', 'web');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:running setup:finished web:running');
    expect(host.read('deeds')).toBe('done\n');
    expect(await starts(host)).toEqual({ db: 1, setup: 1, web: 1 });
    expect(await host.pidOf('db')).toBe(pid);
  });

  it('brings down what it needed and comes back, where that died meanwhile', async () => {
    await using host = await Host.start({
      web: { ...FOREVER, needs: ['db'] },
      db: FOREVER,
      aside: FOREVER,
    });
    await host.until('running', 'web', 'aside');
    const [web, db, aside] = [await host.pidOf('web'), await host.pidOf('db'), await host.pidOf('aside')];
    await host.supervisor.killDeciding(() => process.kill(db, 'SIGKILL'));
    using ear = await host.listen();
    if ((await host.fact('web', 'restarts')) === '0') await ear.hear('web running');
    await host.until('running', 'web', 'db');
    expect(await host.pidOf('web')).not.toBe(web);
    expect(await host.pidOf('aside')).toBe(aside);
    const reasons = (await host.events()).filter(({ kind }) => kind === 'stopping');
    expect(reasons.map(({ label, details }) => [label, details.get('reason'), details.get('need')])).toEqual([
      ['web', 'dependency', 'db'],
    ]);
  });

  it('knows what is ready however long ago that was told, and asks nobody again', async () => {
    await using host = await Host.start({
      web: { ...FOREVER, needs: ['db'] },
      db: { command: ['sh', '-c', 'echo >&3; exec sleep 86400'], ready: { fd: 3 } },
    });
    await host.until('running', 'web');
    const before = [startTicksOf(await host.pidOf('web')), startTicksOf(await host.pidOf('db'))];
    await host.ask(...Array.from({ length: MANY_RUNS }, () => 'Run,true'));
    await host.supervisor.killDeciding();
    /* The last command may be there: archond was killed before it had noted that it had answered. */
    expect((await host.states()).replace(' true:finished', '')).toBe('db:running web:running');
    expect([startTicksOf(await host.pidOf('web')), startTicksOf(await host.pidOf('db'))]).toEqual(before);
  });

  it('keeps what has put itself into the background, and sees it end', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['old'] },
      old: {
        command: ['sh', '-c', `sleep 86400 & echo $! > ${folder}/old.pid`],
        'pid-file': `${folder}/old.pid`,
        restart: 'always',
      },
    }));
    await host.until('running', 'web');
    const [web, old] = [await host.pidOf('web'), await host.pidOf('old')];
    expect(host.read('old.pid')).toBe(`${old}\n`);
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('old:running web:running');
    expect([await host.pidOf('web'), await host.pidOf('old')]).toEqual([web, old]);
    using ear = await host.listen();
    process.kill(old, 'SIGKILL');
    await ear.hear('old exited', 'old running', 'web running');
    const next = await host.pidOf('old');
    expect(next).not.toBe(old);
    /* Also where it ends while nobody looks. */
    await host.supervisor.killDeciding(() => process.kill(next, 'SIGKILL'));
    using after = await host.listen();
    if ((await starts(host))['old'] !== 3) await after.hear('old starting');
    await host.until('running', 'old', 'web');
    expect(await starts(host)).toMatchObject({ old: 3 });
  });

  it('leaves waiting what waits, failed what has failed, and in backoff what is so, as long as it would have been', async () => {
    await using host = await Host.start({
      web: { ...FOREVER, needs: ['db'] },
      db: { ...FOREVER, restart: 'never' },
      behind: { ...FOREVER, needs: ['further'] },
      further: { ...FOREVER, needs: ['broken'] },
      broken: { ...FOREVER, restart: 'never' },
      late: {
        command: 'sleep 86400',
        ready: { command: 'false', timeout: '20ms' },
        restart: 'never',
        stop: { signal: 'SIGKILL' },
      },
      after: { ...FOREVER, needs: ['flapping'], restart: 'never' },
      flapping: {
        command: 'false',
        ready: { command: 'false' },
        restart: { policy: 'always', delay: '1h', jitter: 0 },
      },
      off: { ...FOREVER, enabled: false },
      on: { ...FOREVER, enabled: false },
    });
    await host.until('running', 'web', 'behind');
    await host.until('backoff', 'flapping');
    await host.until('failed', 'late');
    await host.ask('Signal,KILL,broken');
    await host.until('failed', 'behind');
    expect((await host.ask('Stop,db,@force=1')).at(-1)).toBe('Ok,1');
    await host.ask('Start,on');
    const states =
      'after:waiting behind:failed broken:failed db:stopped flapping:backoff further:failed late:failed off:stopped on:running web:waiting';
    expect(await host.states()).toBe(states);
    const next = Number(await host.fact('flapping', 'next-attempt'));
    const before = await starts(host);
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe(states);
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe(states);
    expect(Math.abs(Number(await host.fact('flapping', 'next-attempt')) - next)).toBeLessThan(1);
    expect(await host.fact('flapping', 'delays')).toBe('1h,1h,1h,1h,1h');
    expect(await host.fact('late', 'cause')).toBe('was not ready in time');
    expect(await host.fact('behind', 'cause')).toBe(
      '"needs further, which needs broken, which was ended by SIGKILL",further,broken',
    );
    expect(await starts(host)).toEqual(before);
    expect((await host.ask('Start,web')).at(-1)).toBe('Ok,1');
  });

  it('goes on with a stop that was under way, and nothing of it comes back', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...leavesAt(folder, 'web'), ready: { log: 'armed' }, needs: ['db'], restart: 'always' },
      db: { ...FOREVER, restart: 'always' },
    }));
    await host.until('running', 'web');
    await host.ask('Stop,db,web,@wait=0');
    expect(await host.states()).toBe('db:stopping web:stopping');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:stopping web:stopping');
    await host.open('web');
    await host.until('stopped', 'web', 'db');
    expect(await starts(host)).toEqual({ db: 1, web: 1 });
  });

  it('goes on with what a stop, or a restart, takes down, which then waits, or comes back', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...leavesAt(folder, 'web'), ready: { log: 'armed' }, needs: ['db'] },
      db: FOREVER,
    }));
    await host.until('running', 'web');
    await host.ask('Stop,db,@force=1,@wait=0');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:stopping web:stopping');
    await host.open('web');
    await host.until('stopped', 'db');
    await host.until('waiting', 'web');
    expect((await host.ask('Start,web')).at(-1)).toBe('Ok,1');
    await host.ask('Restart,db,@wait=0');
    await host.supervisor.killDeciding();
    await host.open('web');
    await host.until('running', 'db', 'web');
    expect(await starts(host)).toEqual({ db: 3, web: 3 });
  });

  it('takes for ready what has outlived the time to become so, where all that was written down is lost', async () => {
    await using host = await Host.start({
      db: { command: ['sh', '-c', 'echo >&3; exec sleep 86400'], ready: { fd: 3, timeout: '50ms' } },
      web: { ...FOREVER, needs: ['db'] },
    });
    await host.until('running', 'web');
    const before = await host.pidOf('web');
    const startedAt = Number((await host.fact('db', 'since')) ?? 0);
    await expect.poll(() => Date.now() / 1000 - startedAt).toBeGreaterThan(0.1);
    const archond = await host.supervisor.decidingPid();
    process.kill(archond, 'SIGSTOP');
    rmSync(path.join(host.supervisor.folder, 'state/journal'), { recursive: true });
    await host.killDeciding();
    expect(await host.states()).toBe('db:running web:running');
    expect(await host.pidOf('web')).toBe(before);
  });

  it('undoes what a oneshot has done, where that had begun', async () => {
    await using host = await Host.start((folder) => ({
      mount: {
        type: 'oneshot',
        script: `echo done >> ${folder}/deeds`,
        'stop-command': ['sh', '-c', `${gate(folder, 'mount')}; echo undone >> ${folder}/deeds`],
      },
      db: { ...FOREVER, needs: ['mount'] },
    }));
    await host.until('running', 'db');
    await host.ask('Stop,*,@wait=0');
    await host.until('stopped', 'db');
    expect(await host.states()).toBe('db:stopped mount:stopping');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:stopped mount:stopping');
    await host.open('mount');
    await host.until('stopped', 'mount');
    expect(host.read('deeds')).toBe('done\nundone\n');
  });

  it('begins from what is enabled after an orderly end, not from what was wanted by hand', async () => {
    await using host = await Host.start({
      web: FOREVER,
      db: { ...FOREVER, enabled: false },
    });
    await host.until('running', 'web');
    await host.ask('Stop,web');
    await host.ask('Start,db');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:running web:stopped');
    host.supervisor.signal('SIGTERM');
    await host.again();
    await host.until('running', 'web');
    expect(await host.states()).toBe('db:stopped web:running');
    await host.supervisor.killDeciding();
    expect(await host.states()).toBe('db:stopped web:running');
  });
});

describe('archond that is killed again and again', () => {
  it(
    'while a graph comes up ends with all of it up, and each oneshot run once',
    { timeout: 120_000 },
    async () => {
      const layers = 6;
      const width = 5;
      const graph: Record<string, { needs: string[]; [key: string]: unknown }> = {};
      await using host = await Host.start((folder) => {
        for (let layer = 0; layer < layers; layer += 1)
          for (let place = 0; place < width; place += 1) {
            const below = [place, (place * 2 + 1) % width].map((other) => `u${layer - 1}${other}`);
            const needs = layer === 0 ? [] : [...new Set(below)];
            const label = `u${layer}${place}`;
            /* In each layer one holds up all of the next. */
            const first = place === 1 ? gate(folder, label) : `sleep 0.0${place}`;
            const script = `${first}; echo ${label} >> ${folder}/deeds`;
            graph[label] = place === 0 ? { ...FOREVER, needs } : { type: 'oneshot', script, needs };
          }
        return graph;
      });
      for (let layer = 0; layer < layers; layer += 1) {
        /* While it waits, and in the middle of what comes of its end. */
        if (layer % 2 === 0) await host.supervisor.killDeciding();
        await host.open(`u${layer}1`);
        await host.supervisor.killDeciding();
      }
      const labels = Object.keys(graph);
      await host.until('finished', ...labels.filter((label) => !label.endsWith('0')));
      await host.until('running', ...labels.filter((label) => label.endsWith('0')));
      const deeds = host.read('deeds').trimEnd().split('\n');
      expect(deeds.length).toBe(layers * (width - 1));
      expect(new Set(deeds).size).toBe(deeds.length);
      for (const [label, { needs }] of Object.entries(graph))
        for (const need of needs)
          if (deeds.includes(label) && deeds.includes(need))
            expect([need, label, deeds.indexOf(need) < deeds.indexOf(label)]).toEqual([need, label, true]);
    },
  );

  it('knows how the process before the one that it found had ended', async () => {
    await using host = await Host.start({ web: { ...FOREVER, restart: 'always' }, fresh: FOREVER });
    await host.until('running', 'web', 'fresh');
    const ends = async (): Promise<readonly (string | undefined)[]> =>
      Promise.all(['web', 'fresh'].map(async (label) => host.fact(label, 'exit-signal')));
    const first = await host.pidOf('web');
    await host.ask('Signal,KILL,web');
    await expect.poll(async () => host.pidOf('web')).not.toBe(first);
    await host.until('running', 'web');
    expect(await ends()).toEqual(['SIGKILL', undefined]);
    for (let death = 0; death < 2; death += 1) {
      await host.killDeciding();
      expect(await ends()).toEqual(['SIGKILL', undefined]);
    }
    await host.ask('Restart,web');
    await host.killDeciding();
    expect(await ends()).toEqual(['SIGTERM', undefined]);
  });
});
