import { describe, expect, test } from 'vitest';
import { open, pass, SERVER, storyOf, Theatre, WEB, webOf } from './theatre.ts';

const DONE = ['Done,web,running', 'Ok,1'];

describe('a restart by replacement', () => {
  test('starts the new process beside the old one, and stops the old one when the new one serves', async () => {
    const theatre = new Theatre();
    await using host = await open(theatre, { web: WEB, app: { ...SERVER, needs: ['web'] } });
    expect(await host.ask('Wait,app,@for=running')).toEqual(['Ok']);
    const [first] = theatre.lives;
    const before = await webOf(host);
    const [app] = await host.ask('List,app');
    using asked = await host.hear('Restart,web');
    await pass(host, 30);
    expect(theatre.present).toHaveLength(3);
    expect(await webOf(host)).toEqual({ ...before, state: 'running', pid: first?.pid });
    expect(await host.ask('Status,web')).toContainEqual(
      expect.stringMatching(/^Field,beside,\d+,\d+,starting$/),
    );
    await asked.untilLine(/^Ok/);
    expect(asked.takeLines()).toEqual(DONE);
    const second = theatre.lives[2];
    expect(await webOf(host)).toEqual({ ...before, pid: second?.pid });
    await host.until(() => first?.endedAtMs !== undefined);
    await pass(host, 1);
    expect(await host.ask('Status,web')).not.toContainEqual(expect.stringMatching(/^Field,beside/));
    expect(theatre.gaps).toEqual([]);
    expect(await host.ask('List,app')).toEqual([app, 'Ok,1']);
    expect(await storyOf(host, theatre)).toEqual([
      'starting #1',
      'running #1',
      'starting #3 replaces #1',
      'running #3 replaces #1',
      'stopping #1 replaced replaced-by #3',
      'exited #1 replaced-by #3',
    ]);
  });

  test('is told so that the past knows the unit as running, with the process that it had', async () => {
    const theatre = new Theatre({ readyMs: 50, leaveMs: 500 });
    await using host = await open(theatre);
    const times: string[] = [];
    const note = (): number => times.push((Number(host.control.kernel.wallNs()) / 1e9).toFixed(9));
    await pass(host, 10);
    note();
    using asked = await host.hear('Restart,web');
    await pass(host, 25);
    note();
    await asked.untilLine(/^Ok/);
    await pass(host, 25);
    note();
    await pass(host, 1000);
    note();
    const [first, second] = theatre.lives;
    const { since } = await webOf(host);
    const past = await Promise.all(times.map(async (at) => webOf(host, at)));
    const pids = [first?.pid, first?.pid, second?.pid, second?.pid];
    expect(past).toEqual(pids.map((pid) => ({ state: 'running', pid, since, restarts: '0' })));
  });

  test('leaves the old process where it was where the new one does not become ready in time', async () => {
    const theatre = new Theatre({ readyMs: 50, leaveMs: 20 }, { leaveMs: 20 });
    await using host = await open(theatre);
    const before = await webOf(host);
    expect(await host.ask('Restart,web')).toEqual([
      'Failed,web,the replacement of web failed: web was not ready in time; the old process stays,failed',
      'Error,the replacement of web failed: web was not ready in time; the old process stays,failed',
    ]);
    expect(await webOf(host)).toEqual(before);
    expect(theatre.present).toEqual([before.pid]);
    expect(await storyOf(host, theatre)).toEqual([
      'starting #1',
      'running #1',
      'starting #2 replaces #1',
      'stopping #2 not-ready replaces #1',
      'exited #2 replaces #1',
      'note not-replaced #2',
    ]);
    expect(await host.ask('Restart,web')).toEqual(DONE);
    expect(theatre.lives).toHaveLength(3);
  });

  test('leaves it there where the new one ends before it is ready, or cannot be executed', async () => {
    const theatre = new Theatre({ readyMs: 50, leaveMs: 20 }, { endMs: 20 });
    await using host = await open(theatre);
    const before = await webOf(host);
    const [failed] = await host.ask('Restart,web');
    expect(failed).toBe(
      'Failed,web,the replacement of web failed: web ended with code 1; the old process stays,failed',
    );
    host.control.kernel.commands.delete('/usr/bin/server');
    const [hopeless] = await host.ask('Restart,web');
    expect(hopeless).toMatch(/^Failed,web,.*cannot run \/usr\/bin\/server: ENOENT.*,exec-failed$/);
    expect(await webOf(host)).toEqual(before);
    theatre.install(host.control);
  });

  test('is the usual restart where the unit is not running', async () => {
    const theatre = new Theatre();
    await using host = await open(theatre);
    expect(await host.ask('Stop,web', 'Restart,web')).toEqual(['Done,web,stopped', 'Ok,1', ...DONE]);
    expect(theatre.most).toBe(1);
  });

  test('is the usual restart where it is restarted with what it needs, and goes down for that', async () => {
    const theatre = new Theatre();
    await using host = await open(theatre, { db: SERVER, web: { ...WEB, needs: ['db'] } });
    expect(await host.ask('Restart,db,web')).toEqual(['Done,db,running', 'Done,web,running', 'Ok,2']);
    expect(await storyOf(host, theatre)).toContain('stopping #2 restart');
    expect(theatre.most).toBe(2);
  });

  test('of several units that need each other is done side by side, and the failure of one is not that of others', async () => {
    const good = { readyMs: 50, leaveMs: 20 };
    const theatre = new Theatre(good, good, { leaveMs: 20 }, good);
    await using host = await open(theatre, { db: WEB, web: { ...WEB, needs: ['db'] } });
    const lines = await host.ask('Restart,db,web');
    expect(lines[0]).toBe('Done,web,running');
    expect(lines[1]).toMatch(/^Failed,db,the replacement of db failed/);
    expect(theatre.gaps).toEqual([]);
  });

  test('is followed by what is to be run at each end, with its reason', async () => {
    const theatre = new Theatre({ readyMs: 50, leaveMs: 20 }, { leaveMs: 20 });
    const told: string[] = [];
    const web = { ...WEB, 'on-exit': '/usr/bin/ended' };
    await using host = await open(
      theatre,
      { web },
      {
        atBirth: (control) => {
          control.install('/usr/bin/ended', (self) => {
            const env = self.attributes.env.map((one) => Buffer.from(one).toString());
            const of = (name: string): string => env.find((one) => one.startsWith(`${name}=`)) ?? '';
            const number = theatre.lives.findIndex(({ pid }) => of('ARCHON_PID') === `ARCHON_PID=${pid}`) + 1;
            told.push(`#${number} ${of('ARCHON_REASON')}`);
            self.exit(0);
          });
        },
      },
    );
    await host.ask('Restart,web');
    expect(await host.ask('Restart,web')).toEqual(DONE);
    await host.until(() => told.length === 2);
    expect(told).toEqual(['#2 ARCHON_REASON=not-ready', '#1 ARCHON_REASON=replaced']);
  });

  test('is carried out without anybody waiting for it', async () => {
    const theatre = new Theatre();
    await using host = await open(theatre);
    expect(await host.ask('Restart,web,@wait=0')).toEqual(['Ok,1']);
    await host.until(() => theatre.lives[0]?.endedAtMs !== undefined);
    expect(theatre.present).toEqual([(await webOf(host)).pid]);
  });
});

describe('while a replacement is under way', () => {
  test('another restart joins it', async () => {
    const theatre = new Theatre();
    await using host = await open(theatre);
    const both = await Promise.all([host.ask('Restart,web'), host.ask('Restart,web')]);
    expect(both).toEqual([DONE, DONE]);
    expect(theatre.lives).toHaveLength(2);
  });

  test('a stop stops both processes, and is over when both are gone', async () => {
    const theatre = new Theatre({ readyMs: 50, leaveMs: 20 }, { readyMs: 500, leaveMs: 300 });
    await using host = await open(theatre);
    using asked = await host.hear('Restart,web');
    await pass(host, 100);
    expect(await host.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
    expect(theatre.present).toEqual([]);
    await asked.untilLine(/^Error/);
    expect(asked.takeLines()[0]).toBe('Failed,web,web was stopped meanwhile,cancelled');
    expect(await storyOf(host, theatre)).toEqual([
      'starting #1',
      'running #1',
      'starting #2 replaces #1',
      'stopping #1 requested',
      'stopping #2 requested replaces #1',
      'exited #1',
      'exited #2 replaces #1',
      'stopped requested',
    ]);
  });

  test('the end of the supervisor is that of both', async () => {
    const theatre = new Theatre({ readyMs: 50, leaveMs: 20 }, { readyMs: 500, leaveMs: 300 });
    const host = await open(theatre);
    using asked = await host.hear('Restart,web');
    await pass(host, 100);
    await host[Symbol.asyncDispose]();
    expect(theatre.lives.map(({ endedAtMs }) => endedAtMs === undefined)).toEqual([false, false]);
    asked.takeLines();
  });

  test('the new process takes over where the old one ends by itself', async () => {
    const theatre = new Theatre({ readyMs: 50, endMs: 200 }, { readyMs: 500, leaveMs: 20 });
    await using host = await open(theatre);
    using asked = await host.hear('Restart,web');
    await host.until(() => theatre.lives[0]?.endedAtMs !== undefined);
    await pass(host, 5);
    const second = theatre.lives[1];
    expect(await webOf(host)).toMatchObject({ state: 'starting', pid: second?.pid });
    await asked.untilLine(/^Ok/);
    expect(asked.takeLines()).toEqual(DONE);
    expect(theatre.lives).toHaveLength(2);
    expect(await storyOf(host, theatre)).toEqual([
      'starting #1',
      'running #1',
      'starting #2 replaces #1',
      'exited #1',
      'starting #2',
      'running #2',
    ]);
  });

  test('it takes over when what the old one has left behind is gone', async () => {
    const theatre = new Theatre({ readyMs: 50, endMs: 200, hangMs: 400 }, { readyMs: 800, leaveMs: 20 });
    await using host = await open(theatre);
    using asked = await host.hear('Restart,web');
    await pass(host, 250);
    expect(await webOf(host)).toMatchObject({ state: 'stopping' });
    await pass(host, 200);
    expect(await webOf(host)).toMatchObject({ state: 'starting', pid: theatre.lives[1]?.pid });
    await asked.untilLine(/^Ok/);
    expect(asked.takeLines()).toEqual(DONE);
    expect(theatre.lives).toHaveLength(2);
  });

  test('it takes over at once when it is ready, though something is left of the old one', async () => {
    const theatre = new Theatre({ readyMs: 50, endMs: 200, hangMs: 2000 }, { readyMs: 500, leaveMs: 20 });
    await using host = await open(theatre);
    expect(await host.ask('Restart,web')).toEqual(DONE);
    expect(await webOf(host)).toMatchObject({ state: 'running', pid: theatre.lives[1]?.pid });
    expect(await host.ask('Status,web')).toContainEqual(
      expect.stringMatching(/^Field,beside,,\d+,stopping$/),
    );
    await pass(host, 2000);
    expect(await storyOf(host, theatre)).toEqual([
      'starting #1',
      'running #1',
      'starting #2 replaces #1',
      'exited #1',
      'running #2 replaces #1',
    ]);
  });

  test('the old process is started again as usual where both end', async () => {
    const theatre = new Theatre({ readyMs: 50, endMs: 200 }, { endMs: 250 });
    await using host = await open(theatre);
    const [failed] = await host.ask('Restart,web');
    expect(failed).toMatch(/^Failed,web,web ended with code 1,failed$/);
    expect(await host.ask('Wait,web,@for=running')).toEqual(['Ok']);
    expect(theatre.most).toBe(2);
  });

  test('what it needs takes both down, and is down after them', async () => {
    const usual = { readyMs: 50, leaveMs: 20 };
    const theatre = new Theatre(usual, usual, { readyMs: 500, leaveMs: 300 });
    await using host = await open(theatre, { db: SERVER, web: { ...WEB, needs: ['db'] } });
    using asked = await host.hear('Restart,web');
    await pass(host, 100);
    expect(await host.ask('Stop,db,@force=1')).toEqual(['Done,db,stopped', 'Ok,1']);
    const [db, first, second] = theatre.lives.map(({ endedAtMs = Infinity }) => endedAtMs);
    expect(db).toBeGreaterThan(Math.max(first ?? Infinity, second ?? Infinity));
    expect(await host.ask('Start,db')).toEqual(['Done,db,running', 'Ok,1']);
    await asked.untilLine(/^Ok/);
    expect(asked.takeLines()).toEqual(DONE);
    expect(await storyOf(host, theatre)).toContain('stopping #3 withdrawn replaces #2');
  });
});

describe('while the old process is being stopped', () => {
  const slow = { readyMs: 50, leaveMs: 2000 };

  test('another restart waits for its end, so that there are never three', async () => {
    const theatre = new Theatre(slow, slow, slow);
    await using host = await open(theatre);
    expect(await host.ask('Restart,web')).toEqual(DONE);
    const both = await Promise.all([host.ask('Restart,web'), host.ask('Restart,web')]);
    expect(both).toEqual([DONE, DONE]);
    const [first, , third] = theatre.lives;
    expect(theatre.lives).toHaveLength(3);
    expect(third?.bornAtMs).toBeGreaterThanOrEqual(first?.endedAtMs ?? Infinity);
    expect(theatre.most).toBe(2);
    expect(theatre.gaps).toEqual([]);
  });

  test('a new process that fails is started again without waiting for it', async () => {
    const theatre = new Theatre(slow, { readyMs: 50, endMs: 100 });
    await using host = await open(theatre);
    expect(await host.ask('Restart,web')).toEqual(DONE);
    const [first, second] = theatre.lives;
    await host.until(() => second?.endedAtMs !== undefined);
    expect(await host.ask('Wait,web,@for=running')).toEqual(['Ok']);
    expect(first?.endedAtMs).toBeUndefined();
    expect(theatre.present).toHaveLength(2);
    expect(await host.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
    expect(theatre.present).toEqual([]);
  });

  test('a stop is over when it is gone too, also where the new one has failed for good', async () => {
    const theatre = new Theatre(slow, { readyMs: 50, endMs: 100 });
    await using host = await open(theatre, { web: { ...WEB, restart: 'never' } });
    expect(await host.ask('Restart,web')).toEqual(DONE);
    expect(await host.ask('Wait,web,@for=failed')).toEqual(['Ok']);
    expect(theatre.present).toHaveLength(1);
    expect(await host.ask('Stop,web')).toEqual(['Done,web,stopped', 'Ok,1']);
    expect(theatre.present).toEqual([]);
  });

  test('the end of the supervisor waits for it, also where the new one has failed for good', async () => {
    const theatre = new Theatre(slow, { readyMs: 50, endMs: 100 });
    const host = await open(theatre, { web: { ...WEB, restart: 'never' } });
    expect(await host.ask('Restart,web')).toEqual(DONE);
    expect(await host.ask('Wait,web,@for=failed')).toEqual(['Ok']);
    await host[Symbol.asyncDispose]();
    const [first, second] = theatre.lives.map(({ endedAtMs = 0 }) => endedAtMs);
    expect(first).toBeGreaterThan(second ?? Infinity);
  });
});
