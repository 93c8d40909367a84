import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import * as programs from '../../../src/sys/fake/programs.ts';
import { EXEC_STAGES, type Spawned, type SpawnOrder } from '../../../src/sys/sys.ts';
import { Rig } from './rig.ts';

const { SIGCONT, SIGHUP, SIGKILL, SIGSTOP, SIGTERM } = constants.signals;

describe('the keeper of the fake', () => {
  it('refuses a spawn with ENOSPC when its table is full, until an entry is freed', () => {
    const rig = new Rig({ tableEntries: 2 });
    const first = rig.spawn(programs.runs());
    rig.spawn(programs.runs());
    const spawn = (): string =>
      rig.refused<Spawned>((done) => rig.sys.keeper.spawn(rig.order(programs.runs()), done));
    expect(spawn()).toBe('ENOSPC request');
    rig.kill(first);
    expect(spawn()).toBe('ENOSPC request');
    rig.sys.keeper.acknowledge(first, 'empty');
    rig.must<number>((done) => rig.sys.keeper.free(first, done));
    expect(rig.spawn(programs.runs()).index).toBe(first.index);
  });

  for (const stage of EXEC_STAGES) {
    it(`can be made to fail a start at ${stage}`, () => {
      const rig = new Rig();
      rig.control.keeper.failStart = (order) =>
        order.label === 'bad' ? { stage, code: 'EPERM' } : undefined;
      const order = rig.order(programs.runs(), { label: 'bad' });
      if (stage === 'fork' || stage === 'cgroup') {
        expect(rig.refused<Spawned>((done) => rig.sys.keeper.spawn(order, done))).toBe(`EPERM ${stage}`);
        expect(rig.sys.keeper.entries()).toEqual([]);
        expect(rig.sys.keeper.lastGeneration()).toBe(order.generation);
      } else {
        const ref = rig.must<Spawned>((done) => rig.sys.keeper.spawn(order, done));
        expect(rig.end(ref)).toEqual({ kind: 'not-executed', stage, code: 'EPERM', errno: 1 });
        expect(rig.state(ref)).toBe('empty');
      }
      expect(rig.state(rig.spawn(programs.runs(), { label: 'good' }))).toBe('running');
    });
  }

  it('can be made to refuse the next requests of a kind, so many and no more', () => {
    const rig = new Rig();
    rig.control.refuseNext('spawn', 'EAGAIN', 'fork', 2);
    const spawn = (): string =>
      rig.refused<Spawned>((done) => rig.sys.keeper.spawn(rig.order(programs.runs()), done));
    expect([spawn(), spawn()]).toEqual(['EAGAIN fork', 'EAGAIN fork']);
    expect(rig.sys.keeper.lastGeneration()).toBe(0);
    rig.spawn(programs.runs());
    expect(rig.sys.keeper.lastGeneration()).toBe(1);
  });

  it('knows what cannot be executed, and the errno that a file has of its own', () => {
    const rig = new Rig();
    rig.control.install('/bin/text', programs.runs(), { execFails: 'ENOEXEC' });
    rig.control.install('/bin/good', programs.runs());
    const paths = ['/bin/missing', '/bin/text', '/bin/good'].map((path) => Buffer.from(path));
    const ref = rig.spawn(programs.runs(), { paths });
    expect(rig.end(ref)).toMatchObject({ kind: 'not-executed', stage: 'exec', code: 'ENOEXEC' });
  });

  it('lets an exec take its time, in which the child can be killed', () => {
    const rig = new Rig();
    const slow = (order: SpawnOrder): SpawnOrder => {
      rig.control.install(Buffer.from(order.paths[0] ?? []).toString(), programs.exits(0), { execMs: 300 });
      return order;
    };
    const first = rig.must<Spawned>((done) => rig.sys.keeper.spawn(slow(rig.order(programs.runs())), done));
    const second = rig.must<Spawned>((done) => rig.sys.keeper.spawn(slow(rig.order(programs.runs())), done));
    expect([rig.state(first), rig.state(second)]).toEqual(['starting', 'starting']);
    rig.signal(second, SIGTERM);
    expect(rig.end(second)).toEqual({ kind: 'signalled', signal: SIGTERM, core: false });
    rig.control.advanceMs(300);
    expect(rig.end(first)).toEqual({ kind: 'exited', code: 0 });
    expect(rig.told).toContain('1 running');
    expect(rig.told).not.toContain('2 running');
  });

  it('lets a child that is stopped before its exec begin when it goes on', () => {
    const rig = new Rig();
    const order = rig.order(programs.runs());
    rig.control.install('/bin/slow', programs.exits(2), { execMs: 10 });
    const ref = rig.must<Spawned>((done) =>
      rig.sys.keeper.spawn({ ...order, paths: [Buffer.from('/bin/slow')] }, done),
    );
    rig.signal(ref, SIGSTOP);
    rig.control.advanceMs(1000);
    expect(rig.state(ref)).toBe('starting');
    rig.signal(ref, SIGCONT);
    expect(rig.end(ref)).toEqual({ kind: 'exited', code: 2 });
  });

  it('forbids to raise a limit above what the machine allows', () => {
    const rig = new Rig();
    rig.control.kernel.settings.hardLimits = new Map([['nofile', 100]]);
    const ref = rig.spawn(programs.runs(), { limits: [{ resource: 'nofile', soft: 50, hard: 101 }] });
    expect(rig.end(ref)).toMatchObject({ stage: 'rlimit', code: 'EPERM' });
  });

  it('lets only root give another user, a better nice or a lower score', () => {
    const rig = new Rig({ user: { uid: 1000, gid: 1000 } });
    const stages = [{ user: { uid: 0, gid: 0 } }, { nice: -1 }, { oomScoreAdjust: -1 }].map((details) => {
      const end = rig.end(rig.spawn(programs.runs(), details));
      return end?.kind === 'not-executed' ? `${end.stage} ${end.code}` : end?.kind;
    });
    expect(stages).toEqual(['user EPERM', 'nice EACCES', 'oom EACCES']);
  });

  it('leaves out exited where the tree of a cgroup is empty with it, and never with a minder', () => {
    const inGroup = new Rig();
    inGroup.spawn(programs.exits(0, 5));
    inGroup.control.runUntilQuiet();
    expect(inGroup.told).toEqual(['1 starting', '1 running', '1 empty']);
    const minded = new Rig({ tree: 'minder' });
    minded.spawn(programs.exits(0, 5));
    minded.control.runUntilQuiet();
    expect(minded.told).toEqual(['1 starting', '1 running', '1 exited', '1 empty']);
  });

  it('tells only the last of what happens while it is slow to tell', () => {
    const rig = new Rig();
    rig.control.keeper.settings.tellDelayMs = 100;
    rig.sys.keeper.spawn(rig.order(programs.exits(0, 50)), () => rig.told.push('answer'));
    rig.control.runUntilQuiet();
    expect(rig.told).toEqual(['answer', '1 empty']);
  });

  it('keeps the order of requests, however long each is under way', () => {
    const rig = new Rig();
    const answers: string[] = [];
    const ready = (name: string): void => rig.sys.keeper.ready(() => answers.push(name));
    rig.control.keeper.settings.askDelayMs = 100;
    ready('slow');
    rig.control.keeper.settings.askDelayMs = 0;
    ready('fast');
    rig.control.settle();
    expect(answers).toEqual([]);
    rig.control.runUntilQuiet();
    expect(answers).toEqual(['slow', 'fast']);
  });

  it('says of a spawn whose minder died that it did, and kills what was below', () => {
    const rig = new Rig({ tree: 'minder' });
    const ref = rig.spawn(programs.together(programs.ignores(), programs.doubleForks(programs.ignores())));
    rig.control.keeper.killMinder(ref);
    rig.control.settle();
    expect(rig.sys.keeper.entry(ref)).toMatchObject({
      state: 'empty',
      minderLost: true,
      end: { kind: 'signalled', signal: SIGKILL },
    });
  });

  it('keeps the last 1,024 ends of orphans, and of a pid the newest', () => {
    const rig = new Rig();
    // Each spawn takes three pids: its own, that of the process between, that of the orphan.
    const orphan = (firstPid: number, code: number): void => {
      rig.control.kernel.nextPid = firstPid;
      rig.spawn(programs.doubleForks(programs.exits(code)));
    };
    for (let number = 0; number < 1025; number++) orphan(10_000 + 3 * number, number % 256);
    expect(rig.sys.keeper.orphanEnd(10_002)).toBe(undefined);
    expect(rig.sys.keeper.orphanEnd(10_005)?.end).toEqual({ kind: 'exited', code: 1 });
    const [{ pid } = expect.fail('no spawn')] = rig.sys.keeper.entries();
    for (const { index, generation } of rig.sys.keeper.entries().slice(1, 3)) rig.kill({ index, generation });
    rig.control.kernel.nextPid = pid + 3;
    rig.spawn(programs.doubleForks(programs.exits(99)));
    expect(rig.sys.keeper.orphanEnd(10_005)?.end).toEqual({ kind: 'exited', code: 99 });
  });

  it('uses pids again when the test wants it, but none that is taken', () => {
    const rig = new Rig();
    const first = rig.spawn(programs.exits(0));
    const second = rig.spawn(programs.runs());
    rig.control.kernel.nextPid = first.pid;
    expect(rig.spawn(programs.runs()).pid).toBe(first.pid);
    rig.control.kernel.nextPid = second.pid;
    expect(rig.spawn(programs.runs()).pid).not.toBe(second.pid);
  });

  it('forwards signals, holds them while archond is away, and tells each number once then', () => {
    const rig = new Rig();
    rig.control.signalKeeper(SIGHUP);
    rig.control.settle();
    expect(rig.told).toEqual([`signal ${SIGHUP}`]);
    rig.sys.keeper.signalNoted(SIGHUP, 1);
    rig.control.settle();
    rig.control.killArchond();
    for (const signal of [SIGTERM, SIGHUP, SIGTERM]) rig.control.signalKeeper(signal);
    rig.sys = rig.control.startArchond();
    rig.told = [];
    rig.greet();
    expect(rig.told.sort()).toEqual([`signal ${SIGHUP}`, `signal ${SIGTERM}`]);
    expect(() => rig.control.signalKeeper(SIGKILL)).toThrow(/forward/);
  });

  it('ends when it was told to quit, all is dead and archond has ended', () => {
    const rig = new Rig();
    const ref = rig.spawn((self) => self.uninterruptible(3000));
    rig.must<number>((done) => rig.sys.keeper.quit(5, done));
    rig.sys.close();
    rig.control.settle();
    expect([rig.control.archondAlive, rig.control.keeper.gone]).toEqual([false, false]);
    rig.control.advanceMs(3000);
    expect([rig.control.keeper.gone, rig.control.keeper.quitCode]).toEqual([true, 5]);
    expect(rig.control.members(ref)).toEqual([]);
    expect(() => rig.control.startArchond()).toThrow(/no keeper/);
  });

  it('waits ten seconds for an archond that does not end, then kills it', () => {
    const rig = new Rig();
    rig.must<number>((done) => rig.sys.keeper.quit(0, done));
    rig.control.advanceMs(9999);
    expect(rig.control.archondAlive).toBe(true);
    rig.control.advanceMs(1);
    expect([rig.control.archondAlive, rig.control.keeper.gone]).toEqual([false, true]);
  });

  it('that is killed is gone, then refuses all that is under way, and what comes later', () => {
    const rig = new Rig({ tree: 'minder' });
    const answered = (name: string) => (result: { readonly ok: boolean }) =>
      rig.told.push(`${name} ${result.ok}`);
    const ref = rig.spawn(programs.exits(0, 10));
    rig.told = [];
    rig.control.keeper.settings.minderMs = 50;
    rig.sys.keeper.spawn(rig.order(programs.runs()), answered('spawn'));
    rig.control.settle();
    rig.sys.keeper.ready(answered('ready'));
    rig.control.keeper.die();
    rig.control.settle();
    expect(rig.told).toEqual(['gone', 'ready false', 'spawn false']);
    expect(rig.refused<number>((done) => rig.sys.keeper.kill(ref, done))).toBe('EPIPE');
    rig.control.runUntilQuiet();
    expect(rig.told).toHaveLength(3);
  });

  it('that is killed leaves its processes alone, and its table as it was', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.exits(0, 10));
    rig.control.keeper.die();
    rig.control.runUntilQuiet();
    expect([rig.state(ref), rig.control.process(ref.pid)]).toEqual(['running', undefined]);
  });
});
