import { describe, expect, it } from 'vitest';
import { isAlive } from '../../support/processes.ts';
import { StreamClient } from '../../support/stream-client.ts';
import { FOREVER, gate, Host, leavesAt } from './host.ts';

const CHAIN = {
  web: { ...FOREVER, needs: ['app'] },
  app: { ...FOREVER, needs: ['db'] },
  db: FOREVER,
};

describe('Start', () => {
  it('brings up what is needed first, and answers for what was named', async () => {
    await using host = await Host.start({
      web: { ...FOREVER, needs: ['app'], enabled: false },
      app: { ...FOREVER, needs: ['db'], enabled: false },
      db: { ...FOREVER, enabled: false },
    });
    expect(await host.ask('Start,web')).toEqual(['Done,web,running', 'Ok,1']);
    expect(await host.story('running')).toEqual(['db running', 'app running', 'web running']);
    expect(await host.ask('Start,web')).toEqual(['Done,web,running', 'Ok,1']);
    expect((await host.events()).length).toBe((await host.story()).length);
  });

  it('brings up what comes after a unit that waits for its rival, which nobody stops', async () => {
    await using host = await Host.start({
      one: FOREVER,
      two: { ...FOREVER, conflicts: ['one'] },
      later: { ...FOREVER, after: ['two'], enabled: false },
    });
    await host.until('running', 'one');
    expect(await host.ask('Start,later')).toEqual(['Done,later,running', 'Ok,1']);
    expect(await host.states()).toBe('later:running one:running two:waiting');
  });

  it('answers at the first failed attempt of what is needed, while that is tried again', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['app'], enabled: false },
      app: { ...FOREVER, needs: ['setup'], wants: ['bad'], enabled: false },
      setup: {
        type: 'oneshot',
        script: `${gate(folder, 'setup')}; [ "$line" = go ]`,
        restart: { delay: '1ms' },
        enabled: false,
      },
      bad: { command: '/nowhere/bad', enabled: false },
    }));
    const answer = host.ask('Start,app,web');
    await host.until('starting', 'setup');
    await host.open('setup');
    expect(await answer).toEqual([
      'Failed,app,app needs setup: setup ended with code 1,failed',
      'Failed,web,web needs setup: setup ended with code 1,failed',
      'Error,2 of 2 units failed,failed',
    ]);
    await host.open('setup', 'go\n');
    await host.until('running', 'web');
    expect(await host.states()).toBe('app:running bad:failed setup:finished web:running');
  });

  it('says how a program that cannot be executed failed, also to what needs it', async () => {
    await using host = await Host.start({
      web: { ...FOREVER, needs: ['bad'], enabled: false },
      bad: { command: '/nowhere/bad', enabled: false },
    });
    const why = 'cannot run /nowhere/bad: ENOENT (No such file or directory) at exec';
    expect(await host.ask('Start,bad')).toEqual([
      `Failed,bad,${why},exec-failed`,
      `Error,"${why}",exec-failed,exec,ENOENT`,
    ]);
    expect(await host.ask('Start,web')).toEqual([
      `Failed,web,web needs bad: ${why},exec-failed`,
      `Error,"web needs bad: ${why}",exec-failed`,
    ]);
  });

  it('of what has failed for a need starts the need', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['db'] },
      db: { type: 'oneshot', script: `test -e ${folder}/disk`, restart: 'never' },
    }));
    await host.until('failed', 'web');
    host.write('disk', '');
    expect(await host.ask('Start,web')).toEqual(['Done,web,running', 'Ok,1']);
  });

  it('of what needs what was stopped by hand starts that too, but nothing else does', async () => {
    await using host = await Host.start({ ...CHAIN, other: { ...FOREVER, enabled: false } });
    await host.until('running', 'web');
    expect(await host.ask('Stop,db,@force=1')).toEqual(['Done,db,stopped', 'Ok,1']);
    await host.ask('Start,other');
    expect(await host.states()).toBe('app:waiting db:stopped other:running web:waiting');
    expect(await host.fact('web', 'waits-for')).toBe('app');
    expect(await host.ask('Start,app')).toEqual(['Done,app,running', 'Ok,1']);
    await host.until('running', 'web');
  });

  it('stops what excludes it, unless that would take down others', async () => {
    await using host = await Host.start({
      nginx: { ...FOREVER, conflicts: ['apache'] },
      apache: { ...FOREVER, enabled: false },
      site: { ...FOREVER, needs: ['nginx'] },
    });
    await host.until('running', 'site');
    expect(await host.ask('Start,apache')).toEqual([
      'Error,"nginx cannot be stopped beside site: stop these too, or take them down with @force=1 (--force)",conflict,site',
    ]);
    expect(await host.ask('Start,apache,nginx,@force=1')).toEqual([
      'Error,apache and nginx exclude each other: start one of them,conflict,apache,nginx',
    ]);
    expect(await host.states()).toBe('apache:stopped nginx:running site:running');
    expect(await host.ask('Start,apache,@force=1')).toEqual(['Done,apache,running', 'Ok,1']);
    expect(await host.states()).toBe('apache:running nginx:stopped site:waiting');
    const stopped = (await host.events()).filter(({ kind }) => kind === 'stopping');
    expect(stopped.map(({ label, details }) => `${label} ${details.get('reason') ?? ''}`)).toEqual([
      'site dependency',
      'nginx conflict',
    ]);
  });

  it('with @timeout says what is not there yet, and the order stands', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['setup'], enabled: false },
      setup: { type: 'oneshot', script: gate(folder, 'setup'), enabled: false },
    }));
    expect(await host.ask('Start,web,@timeout=10ms')).toEqual([
      'Failed,web,web is still waiting,timed-out',
      'Error,web is still waiting,timed-out',
    ]);
    expect(await host.ask('Start,web,@wait=0')).toEqual(['Ok,1']);
    await host.open('setup');
    await host.until('running', 'web');
  });
});

describe('Stop', () => {
  it('that would take down others is refused and names them all, and nothing happens', async () => {
    await using host = await Host.start({
      ...CHAIN,
      job: { type: 'oneshot', command: 'true', needs: ['db'] },
    });
    await host.until('running', 'web');
    await host.until('finished', 'job');
    for (const order of ['Stop,db', 'Stop,db,@wait=0'])
      expect(await host.ask(order)).toEqual([
        'Error,"db cannot be stopped beside app, job and web: stop these too, or take them down with @force=1 (--force)",conflict,app,job,web',
      ]);
    expect(await host.ask('StopDaemon,db')).toHaveLength(1);
    expect(await host.ask('Stop,nowhere,db')).toEqual(['Error,there is no unit nowhere,not-found']);
    expect(await host.states()).toBe('app:running db:running job:finished web:running');
  });

  it('of all of them goes in their order, by labels or by a glob', async () => {
    await using host = await Host.start({
      ...CHAIN,
      job: { type: 'oneshot', command: 'true', needs: ['db'] },
    });
    await host.until('running', 'web');
    await host.until('finished', 'job');
    expect((await host.ask('Stop,*')).sort()).toEqual([
      'Done,app,stopped',
      'Done,db,stopped',
      'Done,job,stopped',
      'Done,web,stopped',
      'Ok,4',
    ]);
    const exits = await host.story('exited');
    expect(exits.slice(-3)).toEqual(['web exited', 'app exited', 'db exited']);
    expect(await host.ask('Stop,nothing*')).toEqual(['Ok,0']);
  });

  it('waits until the whole tree is gone', async () => {
    await using host = await Host.start((folder) => ({
      web: {
        command: ['sh', '-c', `trap "" TERM; sleep 86400 & echo $! > ${folder}/helper; echo armed; wait`],
        ready: { log: 'armed' },
        stop: { timeout: '50ms' },
      },
    }));
    await host.until('running', 'web');
    const helper = Number(host.read('helper'));
    expect(await host.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
    expect(isAlive(helper)).toBe(false);
  });

  it('of what is in backoff, or waits, or has failed, makes it stopped', async () => {
    await using host = await Host.start({
      flapping: { command: 'false', restart: { policy: 'always', delay: '1h' } },
      web: { ...FOREVER, needs: ['flapping'] },
      broken: { command: '/nowhere' },
      behind: { ...FOREVER, needs: ['broken'] },
    });
    await host.until('backoff', 'flapping');
    await host.until('failed', 'behind');
    expect(await host.states()).toBe('behind:failed broken:failed flapping:backoff web:waiting');
    expect((await host.ask('Stop,flapping')).at(-1)).toBe('Ok,1');
    expect(await host.states()).toBe('behind:failed broken:failed flapping:stopped web:waiting');
    expect((await host.ask('Stop,*')).at(-1)).toBe('Ok,4');
    expect(await host.states()).toBe('behind:stopped broken:stopped flapping:stopped web:stopped');
  });
});

describe('Restart', () => {
  it('takes dependents down and back without force, and names each when it is up', async () => {
    await using host = await Host.start({ ...CHAIN, aside: FOREVER });
    await host.until('running', 'web', 'aside');
    const before = await host.pidOf('web');
    expect(await host.ask('Restart,db')).toEqual([
      'Done,db,running',
      'Done,app,running',
      'Done,web,running',
      'Ok,3',
    ]);
    expect(await host.pidOf('web')).not.toBe(before);
    expect((await host.story('exited')).slice(-3)).toEqual(['web exited', 'app exited', 'db exited']);
    expect(await host.fact('aside', 'restarts')).toBe('0');
  });

  it('of a oneshot undoes it and runs it again', async () => {
    await using host = await Host.start((folder) => ({
      job: {
        type: 'oneshot',
        script: `echo done >> ${folder}/deeds`,
        'stop-command': ['sh', '-c', `echo undone >> ${folder}/deeds`],
      },
    }));
    await host.until('finished', 'job');
    expect(await host.ask('Start,job')).toEqual(['Done,job,finished', 'Ok,1']);
    expect(await host.ask('Restart,job')).toEqual(['Done,job,finished', 'Ok,1']);
    expect(host.read('deeds')).toBe('done\nundone\ndone\n');
    expect(await host.ask('Stop,job')).toEqual(['Done,job,stopped', 'Ok,1']);
    expect(host.read('deeds')).toBe('done\nundone\ndone\nundone\n');
  });

  it('that does not bring it up says so for all that needs it', async () => {
    await using host = await Host.start((folder) => ({
      db: {
        command: ['sh', '-c', `test ! -e ${folder}/full || exit 5; echo armed; exec sleep 86400`],
        ready: { log: 'armed' },
        restart: 'never',
      },
      web: { ...FOREVER, needs: ['db'] },
    }));
    await host.until('running', 'web');
    host.write('full', '');
    expect(await host.ask('Restart,db')).toEqual([
      'Failed,db,db ended with code 5,failed',
      'Failed,web,web needs db: db ended with code 5,failed',
      'Error,2 of 2 units failed,failed',
    ]);
  });

  it('of what is down starts it', async () => {
    await using host = await Host.start({
      db: { ...FOREVER, enabled: false },
      web: { ...FOREVER, needs: ['db'], enabled: false },
    });
    expect(await host.ask('Restart,web')).toEqual(['Done,web,running', 'Ok,1']);
  });
});

describe('orders that cross', () => {
  it('a stop during a start: the start was cancelled, all is stopped', async () => {
    await using host = await Host.start((folder) => ({
      web: { ...FOREVER, needs: ['setup'], enabled: false },
      setup: { type: 'oneshot', script: gate(folder, 'setup'), enabled: false },
    }));
    const start = host.ask('Start,web');
    await host.until('starting', 'setup');
    expect(await host.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
    expect(await start).toEqual([
      'Failed,web,web was stopped meanwhile,cancelled',
      'Error,web was stopped meanwhile,cancelled',
    ]);
    const again = host.ask('Start,web');
    await host.until('waiting', 'web');
    expect(await host.ask('Stop,setup')).toEqual(['Done,setup,stopped', 'Ok,1']);
    expect(await again).toEqual([
      'Failed,web,web needs setup: setup was stopped meanwhile,cancelled',
      'Error,web needs setup: setup was stopped meanwhile,cancelled',
    ]);
    expect(await host.states()).toBe('setup:stopped web:waiting');
  });

  it('a start during a stop: both are answered, and it is up', async () => {
    await using host = await Host.start((folder) => ({
      db: { ...leavesAt(folder, 'db'), ready: { log: 'armed' } },
      web: { ...FOREVER, needs: ['db'] },
    }));
    await host.until('running', 'web');
    const stop = host.ask('Stop,db,web');
    await host.until('stopped', 'web');
    const start = host.ask('Start,web');
    await host.until('waiting', 'web');
    await host.open('db');
    expect((await stop).at(-1)).toBe('Ok,2');
    expect(await start).toEqual(['Done,web,running', 'Ok,1']);
    expect(await host.states()).toBe('db:running web:running');
  });

  it('a restart during a stop, and a stop during a restart: the last one counts', async () => {
    await using host = await Host.start((folder) => ({
      db: { ...leavesAt(folder, 'db'), ready: { log: 'armed' } },
      web: { ...FOREVER, needs: ['db'] },
    }));
    await host.until('running', 'web');
    const stop = host.ask('Stop,db,@force=1');
    await host.until('waiting', 'web');
    const restart = host.ask('Restart,db');
    await host.open('db');
    expect(await stop).toHaveLength(2);
    expect(await restart).toEqual(['Done,db,running', 'Ok,1']);
    await host.until('running', 'web');

    const another = host.ask('Restart,db');
    await host.until('waiting', 'web');
    const last = host.ask('Stop,db');
    await host.open('db');
    expect(await last).toEqual(['Done,db,stopped', 'Ok,1']);
    expect(await another).toEqual([
      'Failed,db,db was stopped meanwhile,cancelled',
      'Failed,web,web needs db: db was stopped meanwhile,cancelled',
      'Error,2 of 2 units failed,failed',
    ]);
    expect(await host.states()).toBe('db:stopped web:waiting');
  });

  it('of a connection are carried out one after the other', async () => {
    await using host = await Host.start(CHAIN);
    await host.until('running', 'web');
    using client = await StreamClient.connect(
      host.supervisor.socket,
      'Stop,web',
      'Restart,db',
      'Start,web',
      'Stop,app,web',
    );
    await client.until((lines) => lines.filter((line) => line.startsWith('Ok')).length === 4);
    expect(client.lines).toEqual([
      'Done,web,stopped',
      'Ok,1',
      'Done,db,running',
      'Done,app,running',
      'Ok,2',
      'Done,web,running',
      'Ok,1',
      'Done,web,stopped',
      'Done,app,stopped',
      'Ok,2',
    ]);
  });
});

describe('what belongs to the configuration', () => {
  it('is neither forgotten nor taken by a command', async () => {
    await using host = await Host.start({ web: { ...FOREVER, enabled: false } });
    expect(await host.ask('Forget,web')).toEqual([
      'Error,"web is a unit of the configuration, which is not forgotten",conflict',
    ]);
    expect(await host.ask('Forget,w*')).toEqual(['Ok,0']);
    const [run = ''] = await host.ask('Run,true,@label=web');
    expect(run).toMatch(/^Error,.*,conflict$/);
    expect(await host.states()).toBe('web:stopped');
  });
});
