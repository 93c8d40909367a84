import { describe, expect, it } from 'vitest';
import { FOREVER, gate, Host, leavesAt } from '../configured/host.ts';
import type { Units } from '../stage/stage.ts';
import { changes, configure, latest, pids, reload } from './reload-rig.ts';

const OTHER = { command: 'sleep 86401' } as const;

describe('a reload', () => {
  it('touches no unit but those that have changed, and these only where it must', async () => {
    const count = 300;
    const labels = Array.from({ length: count }, (_, at) => `unit-${at}`);
    const before: Units = Object.fromEntries(
      labels.map((label, at) => [
        label,
        { ...FOREVER, ...(at % 7 === 0 && at > 0 ? { after: ['unit-0'] } : {}) },
      ]),
    );
    await using host = await Host.start(before);
    await host.until('running', ...labels);
    const were = await pids(host);

    const taken: Units = {
      'unit-10': { ...FOREVER, description: 'tenth' },
      'unit-11': { ...FOREVER, restart: { policy: 'always', delay: '3s' } },
      'unit-12': { ...FOREVER, needs: ['unit-13'] },
      'unit-13': { ...FOREVER, stop: { timeout: '3s' } },
      'unit-14': { ...FOREVER },
      'unit-15': { ...FOREVER, enabled: false },
      'unit-16': { ...FOREVER, wants: ['unit-17'], 'success-codes': [0, 3] },
      'unit-17': { ...FOREVER, 'stop-before': ['unit-18'] },
      'unit-18': { ...FOREVER, health: { command: 'true' } },
      'unit-19': { ...FOREVER, 'on-exit': 'true' },
    };
    const others = Object.entries(before).filter(([label]) => label !== 'unit-299');
    const after: Units = { ...Object.fromEntries(others), ...taken, 'unit-5': OTHER, added: FOREVER };
    const told = await reload(host, after);
    expect([...told].sort()).toEqual([
      'added added started',
      'unit-10 changed taken over: description',
      'unit-11 changed taken over: restart',
      'unit-12 changed taken over: needs',
      'unit-13 changed taken over: stop',
      'unit-14 changed taken over: after',
      'unit-15 changed taken over: enabled',
      'unit-16 changed taken over: wants, success-codes',
      'unit-17 changed taken over: stop-before',
      'unit-18 changed taken over: health',
      'unit-19 changed taken over: on-exit',
      'unit-299 removed stopped and forgotten',
      'unit-5 changed restarted: command',
    ]);
    await host.until('running', 'added');
    await expect.poll(async () => (await pids(host)).has('unit-299')).toBe(false);
    await expect.poll(async () => (await pids(host)).get('unit-5') !== were.get('unit-5')).toBe(true);
    await host.until('running', 'unit-5');
    const are = await pids(host);
    const stand = labels.filter((label) => are.get(label) === were.get(label));
    expect(stand.length).toBe(298);
    /* What ended and began, by the events: two of each, and no more. */
    const events = (await host.events()).filter(({ kind }) => kind === 'exited' || kind === 'starting');
    expect(
      events
        .slice(count)
        .map(({ label, kind }) => `${label} ${kind}`)
        .sort(),
    ).toEqual(['added starting', 'unit-299 exited', 'unit-5 exited', 'unit-5 starting']);
    expect(await host.ask('Status,unit-299')).toMatchObject([/not-found$/]);
  });

  it('says beforehand what it would do, and does nothing then', async () => {
    await using host = await Host.start({ db: FOREVER, web: { ...FOREVER, needs: ['db'] }, old: FOREVER });
    await host.until('running', 'db', 'web', 'old');
    const were = await pids(host);
    const after = { db: OTHER, web: { ...FOREVER, needs: ['db'] }, spare: { ...FOREVER, enabled: false } };
    const expected = [
      'db changed restarted: command',
      'web unchanged restarted with what it needs',
      'spare added not started: it is not enabled',
      'old removed stopped and forgotten',
    ];
    expect(await reload(host, after, { request: 'Reload,@check=1' })).toEqual(expected);
    expect(await pids(host)).toEqual(were);
    expect(await host.ask('Events,@kind=config')).toEqual(['Ok,0']);
    expect(changes(await host.ask('Reload'))).toEqual(expected);
    await expect.poll(async () => host.states()).toBe('db:running spare:stopped web:running');
    const stopping = (await host.events())
      .filter(({ kind }) => kind === 'stopping')
      .map(({ label }) => label);
    expect(stopping.indexOf('web')).toBeLessThan(stopping.indexOf('db'));
  });

  it('changes nothing where the configuration is wrong, and says all that is', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.until('running', 'web');
    const were = await pids(host);
    host.write('archon.yaml', 'units:\n  web: {command: "true", needs: [nobody]}\n  x: {comand: "true"}\n');
    const [error = ''] = await host.ask('Reload');
    expect(error).toMatch(/^Error,"?the configuration is wrong: .*nobody.* \(and \d more\)"?,failed,/);
    expect(error).toContain('comand');
    host.supervisor.signal('SIGHUP');
    await host.supervisor.untilLog((log) => log.includes('was not reloaded'), 'the refusal');
    const told = await latest(host, '', 'config');
    expect(told).toMatch(/what=refused,signal=SIGHUP,complaints=[23],/);
    expect(told).toContain('nobody');
    expect(told).toContain('did you mean command?');
    expect(await pids(host)).toEqual(were);
    expect((await host.ask('Dump,config')).join('\n')).not.toContain('nobody');
  });

  it('comes by SIGHUP too', async () => {
    await using host = await Host.start({ web: FOREVER });
    configure(host, { web: FOREVER, more: FOREVER });
    host.supervisor.signal('SIGHUP');
    await host.supervisor.untilLog((log) => log.includes('"reloaded"'), 'the reload');
    await host.until('running', 'more');
    expect(await latest(host, '', 'config')).toMatch(
      /what=reloaded,signal=SIGHUP,added=1,removed=0,changed=0,unchanged=1$/,
    );
  });

  it('gives what is down by itself another try with what has changed of it', async () => {
    await using host = await Host.start({
      broken: { command: 'false', restart: { delay: '1h' } },
      failed: { command: 'false', restart: 'never' },
      absent: { command: '/nowhere/at-all' },
      patient: { command: 'false', restart: { delay: '1h' } },
    });
    await host.until('backoff', 'broken', 'patient');
    await host.until('failed', 'failed', 'absent');
    const told = await reload(host, {
      broken: { ...FOREVER, restart: { delay: '1h' } },
      failed: { ...FOREVER, restart: 'never' },
      absent: FOREVER,
      patient: { command: 'false', restart: { delay: '1h' }, description: 'it stays so' },
    });
    expect(told).toEqual([
      'broken changed started anew: command',
      'failed changed started anew: command',
      'absent changed started anew: command',
      'patient changed taken over: description',
    ]);
    await host.until('running', 'broken', 'failed', 'absent');
    expect(await host.fact('patient', 'state')).toBe('backoff');
  });

  it('leaves what a person has stopped down, and lets its next start be the new one', async () => {
    await using host = await Host.start({ web: FOREVER, spare: { ...FOREVER, enabled: false } });
    await host.until('running', 'web');
    await host.ask('Stop,web');
    await host.ask('Start,spare');
    const spare = await host.pidOf('spare');
    expect(
      await reload(host, { web: OTHER, spare: { ...FOREVER, enabled: false, description: 'x' } }),
    ).toEqual(['web changed from its next start on: command', 'spare changed taken over: description']);
    expect(await host.states()).toBe('spare:running web:stopped');
    expect(await host.pidOf('spare')).toBe(spare);
    await host.ask('Start,web');
    expect(await host.fact('web', 'command')).toBe('sleep 86401');
  });

  it('stops what is on its way down as it was, and brings it up as it is', async () => {
    await using host = await Host.start((folder) => ({
      slow: leavesAt(folder, 'leave'),
      away: { ...leavesAt(folder, 'away') },
    }));
    await host.until('running', 'slow', 'away');
    for (const label of ['slow', 'away']) await expect.poll(() => host.readLog(label)).toContain('armed');
    await host.ask('Restart,slow,@wait=0');
    await host.ask('Stop,away,@wait=0');
    expect(await reload(host, { slow: FOREVER, away: FOREVER })).toEqual([
      'slow changed from its next start on: command',
      'away changed from its next start on: command',
    ]);
    expect(await host.states()).toBe('away:stopping slow:stopping');
    await host.open('leave');
    await host.open('away');
    await host.until('running', 'slow');
    await host.until('stopped', 'away');
    expect(await host.fact('slow', 'command')).toBe('sleep 86400');
  });

  it('lets a unit that waits go on as what has changed says', async () => {
    await using host = await Host.start({
      db: { command: 'false', restart: 'never' },
      app: { ...FOREVER, needs: ['db'] },
      late: { ...FOREVER, ready: { file: '/nowhere/at-all' } },
      behind: { ...FOREVER, needs: ['late'] },
    });
    await host.until('failed', 'app');
    await host.until('starting', 'late');
    const late = await host.pidOf('late');
    const told = await reload(host, {
      db: { command: 'false', restart: 'never' },
      app: OTHER,
      late: FOREVER,
      behind: { ...OTHER, needs: ['late'] },
    });
    expect(told).toEqual([
      'app changed from its next start on: command; taken over: needs',
      'late changed restarted; taken over: ready',
      'behind changed from its next start on: command',
    ]);
    await host.until('running', 'app', 'late', 'behind');
    expect(await host.fact('app', 'command')).toBe('sleep 86401');
    expect(await host.fact('behind', 'command')).toBe('sleep 86401');
    expect(await host.pidOf('late')).not.toBe(late);
  });

  it('replaces what is to be replaced, also where a replacement is under way', async () => {
    const unit = (folder: string, word: string, more: object = {}): Units[string] => ({
      command: [
        '/bin/sh',
        '-c',
        `echo ${word}; [ ${word} = first ] || until [ -e ${folder}/${word} ]; do sleep 0.05; done; echo ready ${word}; exec sleep 86400`,
      ],
      ready: { log: '^ready' },
      'on-restart': 'replace',
      ...more,
    });
    await using host = await Host.start((folder) => ({ web: unit(folder, 'first') }));
    const { folder } = host;
    await host.until('running', 'web');
    const first = await host.pidOf('web');
    expect(await reload(host, { web: unit(folder, 'second') })).toEqual(['web changed replaced: command']);
    await expect.poll(() => host.readLog('web')).toContain('second');
    expect(await host.pidOf('web')).toBe(first);
    host.write('second', '');
    await expect.poll(async () => host.pidOf('web')).not.toBe(first);
    const second = await host.pidOf('web');
    await expect.poll(async () => host.fact('web', 'beside')).toBeUndefined();
    /* One is on its way that nobody wants any more. */
    await reload(host, { web: unit(folder, 'third') });
    await expect.poll(() => host.readLog('web')).toContain('third');
    expect(await reload(host, { web: unit(folder, 'fourth') })).toEqual(['web changed restarted: command']);
    host.write('fourth', '');
    await expect.poll(() => host.readLog('web')).toContain('ready fourth');
    await host.until('running', 'web');
    expect(await host.pidOf('web')).not.toBe(second);
    expect(host.readLog('web')).not.toContain('ready third');
  });

  it('undoes a oneshot that is gone as it was said, and runs anew one that has changed', async () => {
    const once = (folder: string, word: string): Units[string] => ({
      type: 'oneshot',
      command: ['/bin/sh', '-c', `echo do ${word} >> ${folder}/story`],
      'stop-command': ['/bin/sh', '-c', `echo undo ${word} >> ${folder}/story`],
    });
    await using host = await Host.start((folder) => ({
      gone: once(folder, 'gone'),
      set: once(folder, 'one'),
    }));
    await host.until('finished', 'gone', 'set');
    await reload(host, { set: once(host.folder, 'two') });
    await expect.poll(async () => (await host.ask('List')).length).toBe(2);
    await expect.poll(() => host.read('story')).toContain('do two');
    await host.until('finished', 'set');
    const story = host.read('story').split('\n');
    expect(story.filter((line) => line.includes('gone'))).toEqual(['do gone', 'undo gone']);
    expect(story.filter((line) => / (?:one|two)$/.test(line))).toEqual(['do one', 'undo one', 'do two']);
  });

  it('stops what is gone in its order, and starts it anew where it comes back before that is over', async () => {
    await using host = await Host.start((folder) => ({
      db: leavesAt(folder, 'db'),
      app: { ...leavesAt(folder, 'app'), needs: ['db'] },
    }));
    await host.until('running', 'db', 'app');
    for (const label of ['db', 'app']) await expect.poll(() => host.readLog(label)).toContain('armed');
    const were = await pids(host);
    await reload(host, {});
    expect(await host.states()).toBe('app:stopping db:stopping');
    expect(await host.ask('Start,app')).toMatchObject([/conflict$/]);
    expect(await reload(host, { db: FOREVER })).toEqual(['db added started']);
    await host.open('app');
    await host.open('db');
    await expect.poll(async () => host.states()).toBe('db:running');
    expect(await host.pidOf('db')).not.toBe(Number(were.get('db')));
    const ends = (await host.events()).filter(({ kind }) => kind === 'exited').map(({ label }) => label);
    expect(ends).toEqual(['app', 'db']);
  });

  it('lets a unit that is up come to need what is not, and takes it along from when that is up', async () => {
    await using host = await Host.start((folder) => ({ web: { ...FOREVER, env: { X: folder } } }));
    await host.until('running', 'web');
    const web = await host.pidOf('web');
    const env = { X: host.folder };
    const db = { ...FOREVER, enabled: false, ready: { file: host.file('db-is-ready') } };
    expect(await reload(host, { web: { ...FOREVER, env, needs: ['db'] }, db })).toEqual([
      'web changed taken over: needs',
      'db added started',
    ]);
    await host.until('starting', 'db');
    expect(await host.pidOf('web')).toBe(web);
    await host.killDeciding();
    expect(await host.states()).toBe('db:starting web:running');
    host.write('db-is-ready', '');
    await host.until('running', 'db');
    expect(await host.pidOf('web')).toBe(web);
    const refused = await host.ask('Stop,db');
    expect(refused).toMatchObject([/conflict,web$/]);
    await host.ask('Stop,db,@force=1');
    expect(await host.states()).toBe('db:stopped web:waiting');
  });

  it('sees that a file of settings has changed, and that its process has read it already', async () => {
    await using host = await Host.start((folder) => ({
      web: {
        command: ['/bin/sh', '-c', 'echo $WORD; exec sleep 86400'],
        'env-file': `${folder}/env`,
        restart: 'always',
      },
    }));
    await host.until('backoff', 'web');
    const unit: Units = {
      web: {
        command: ['/bin/sh', '-c', 'echo $WORD; exec sleep 86400'],
        'env-file': host.file('env'),
        restart: 'always',
      },
    };
    host.write('env', 'WORD=first\n');
    await host.ask('Start,web');
    await host.until('running', 'web');
    expect(await reload(host, unit)).toEqual([]);
    host.write('env', 'WORD=second\n');
    expect(await reload(host, unit)).toEqual(['web changed restarted: env-file']);
    await expect.poll(() => host.readLog('web')).toBe('first\nsecond\n');
  });

  it('writes to another log from the next process on', async () => {
    await using host = await Host.start((folder) => ({
      web: { command: ['/bin/sh', '-c', 'echo one; exec sleep 86400'], log: { file: `${folder}/one.log` } },
    }));
    await host.until('running', 'web');
    await reload(host, {
      web: { command: ['/bin/sh', '-c', 'echo two; exec sleep 86400'], log: { file: host.file('two.log') } },
    });
    await expect.poll(() => host.read('one.log')).toBe('one\n');
    await host.until('running', 'web');
    await expect.poll(() => host.read('two.log')).toBe('two\n');
  });

  it('is refused where a unit is called as something that a request has started', async () => {
    await using host = await Host.start({ web: FOREVER });
    await host.ask('StartDaemon,sleep 86400,@label=mine');
    configure(host, { web: OTHER, mine: FOREVER });
    expect(await host.ask('Reload')).toMatchObject([
      /^Error,.*mine was started by a request.*conflict,mine$/,
    ]);
    expect(await host.fact('web', 'command')).toBe('sleep 86400');
    await host.ask('Stop,mine', 'Forget,mine');
    expect(await reload(host, { web: FOREVER, mine: FOREVER })).toEqual(['mine added started']);
  });

  it('leaves what is still starting alone', async () => {
    await using host = await Host.start((folder) => ({
      slow: {
        command: ['/bin/sh', '-c', `${gate(folder, 'go')}; exec sleep 86400`],
        ready: { command: 'false' },
      },
    }));
    await host.until('starting', 'slow');
    const were = await pids(host);
    const { slow } = { slow: JSON.parse(host.read('archon.yaml')) as { units: Units } }.slow.units;
    expect(await reload(host, { slow: { ...slow }, more: FOREVER })).toEqual(['more added started']);
    expect((await pids(host)).get('slow')).toBe(were.get('slow'));
    await host.open('go');
  });
});
