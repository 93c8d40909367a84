import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import * as programs from '../../../src/sys/fake/programs.ts';
import { Rig } from './rig.ts';

const { SIGCONT, SIGKILL, SIGSEGV, SIGSTOP, SIGTERM, SIGUSR1, SIGWINCH } = constants.signals;

describe('programs', () => {
  it('exit after so many virtual milliseconds, and not one earlier', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.exits(4, 1500));
    rig.control.advanceMs(1499);
    expect(rig.state(ref)).toBe('running');
    rig.control.advanceMs(1);
    expect(rig.sys.keeper.entry(ref)).toMatchObject({
      state: 'empty',
      end: { kind: 'exited', code: 4 },
      endedAtMs: ref.startedAtMs + 1500,
    });
  });

  it('tell what they have used', () => {
    const rig = new Rig();
    const usage = {
      userUs: 1,
      systemUs: 2,
      maxRssKib: 3,
      minorFaults: 4,
      majorFaults: 5,
      blocksIn: 6,
      blocksOut: 7,
    };
    const all = { ...usage, voluntarySwitches: 8, involuntarySwitches: 9 };
    const ref = rig.spawn((self) => self.exit(0, all));
    expect(rig.sys.keeper.entry(ref)?.usage).toEqual(all);
  });

  it('see their arguments and choose by them', () => {
    const rig = new Rig();
    const argv = ['x', '42'].map((word) => Buffer.from(word));
    const ref = rig.spawn((self) => self.exit(Number(self.args[1])), { argv });
    expect(rig.end(ref)).toEqual({ kind: 'exited', code: 42 });
  });

  it('handle, ignore and no longer handle signals', () => {
    const rig = new Rig();
    const ref = rig.spawn((self) => {
      self.on(SIGTERM, 'ignore');
      self.on(SIGUSR1, () => self.on(SIGTERM, 'default'));
    });
    rig.signal(ref, SIGTERM);
    expect(rig.state(ref)).toBe('running');
    rig.signal(ref, SIGUSR1);
    rig.signal(ref, SIGTERM);
    expect(rig.end(ref)).toEqual({ kind: 'signalled', signal: SIGTERM, core: false });
  });

  it('do not handle SIGKILL', () => {
    const rig = new Rig();
    rig.control.install('/bin/x', (self) => self.on(SIGKILL, 'ignore'));
    const words = [Buffer.from('/bin/x')];
    rig.sys.keeper.spawn(
      { generation: 1, label: 'x', argv: words, env: [], paths: words, descriptors: [] },
      () => undefined,
    );
    expect(() => rig.control.settle()).toThrow(/SIGKILL/);
  });

  it('do not mind signals that mean nothing by default', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.runs());
    for (const signal of [SIGWINCH, SIGCONT, 0]) rig.signal(ref, signal);
    expect(rig.state(ref)).toBe('running');
  });

  it('dump core where the limit lets them', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.runs(), { limits: [{ resource: 'core', soft: 1024, hard: 1024 }] });
    rig.signal(ref, SIGSEGV);
    expect(rig.end(ref)).toEqual({ kind: 'signalled', signal: SIGSEGV, core: true });
  });

  it('stand still while they are stopped, and then do what they missed', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.exits(1, 100));
    rig.signal(ref, SIGSTOP);
    rig.control.advanceMs(1000);
    expect(rig.state(ref)).toBe('running');
    expect(rig.control.process(ref.pid)?.stateLetter).toBe('T');
    rig.signal(ref, SIGCONT);
    expect(rig.sys.keeper.entry(ref)).toMatchObject({ end: { code: 1 }, endedAtMs: rig.control.nowMs() });
  });

  it('die of SIGKILL while they are stopped', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.runs());
    rig.signal(ref, SIGSTOP);
    rig.signal(ref, SIGKILL);
    expect(rig.state(ref)).toBe('empty');
  });

  it('do not die while they wait uninterruptibly, not even of SIGKILL', () => {
    const rig = new Rig();
    const ref = rig.spawn((self) => self.uninterruptible(5000));
    rig.kill(ref);
    rig.control.advanceMs(4999);
    expect(rig.state(ref)).toBe('running');
    rig.control.advanceMs(1);
    expect(rig.end(ref)).toEqual({ kind: 'signalled', signal: SIGKILL, core: false });
  });

  it('stay stopped when an uninterruptible wait is over', () => {
    const rig = new Rig();
    const ref = rig.spawn((self) => {
      self.after(10, () => self.uninterruptible(10));
      self.after(50, () => self.exit(0));
    });
    rig.control.advanceMs(15);
    rig.signal(ref, SIGSTOP);
    rig.control.advanceMs(100);
    expect(rig.state(ref)).toBe('running');
    rig.signal(ref, SIGCONT);
    expect(rig.state(ref)).toBe('empty');
  });

  it('leave nothing to wait for when they are killed', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.exits(0, 1_000_000));
    rig.kill(ref);
    const before = rig.control.nowMs();
    expect(rig.control.runUntilQuiet()).toBe(true);
    expect(rig.control.nowMs()).toBe(before);
  });

  it('write what a pipe takes, wait for room, and exit when all is written', () => {
    const rig = new Rig();
    const pipe = rig.sys.output.pipe(0);
    if (!pipe.ok) return expect.fail('no pipe');
    const data = Buffer.alloc(200_000, 'x');
    const ref = rig.spawn(programs.together(programs.writes(data), programs.exits(0)), {
      descriptors: [{ from: pipe.value.write, to: 1 }],
    });
    expect(rig.state(ref)).toBe('running');
    const copying = rig.sys.output.copy(pipe.value.read, '/tmp/log', 0o600, () => undefined);
    rig.control.settle();
    expect(rig.state(ref)).toBe('empty');
    expect(copying.copiedBytes).toBe(data.length);
  });

  it('die of SIGPIPE where nobody will read', () => {
    const rig = new Rig();
    const { read, write } = rig.control.pipe();
    read.release();
    const stranger = rig.control.stranger((self) => {
      self.files.set(1, write);
      self.write(1, 'into nothing');
    });
    rig.control.settle();
    expect(stranger.end).toEqual({ kind: 'signalled', signal: constants.signals.SIGPIPE, core: false });
  });
});

describe('trees of programs', () => {
  it('inherit tree, group, session, descriptors and what is ignored', () => {
    const rig = new Rig();
    const nothing = rig.sys.descriptors.openNull();
    const ref = rig.spawn(
      (self) => {
        self.on(SIGTERM, 'ignore');
        self.on(SIGUSR1, () => undefined);
        self.fork(programs.runs());
      },
      { descriptors: [{ from: nothing.ok ? nothing.value : -1, to: 9 }] },
    );
    const [main, child] = rig.control.members(ref);
    expect(child).toMatchObject({ group: main?.pid, session: main?.pid, parent: main, name: main?.name });
    expect([...(child?.files.keys() ?? [])]).toEqual([9]);
    rig.signal(ref, SIGTERM, 'tree');
    expect(rig.control.members(ref)).toHaveLength(2);
    rig.signal(ref, SIGUSR1, 'tree');
    expect(rig.control.members(ref)).toHaveLength(1);
  });

  it('reap their children, and leave those of the dead to the keeper', () => {
    const rig = new Rig();
    const ref = rig.spawn((self) => {
      self.fork(programs.exits(1, 10));
      self.fork(programs.exits(2, 30));
      programs.exits(0, 20)(self);
    });
    const pids = rig.control.members(ref).map(({ pid }) => pid);
    rig.control.runUntilQuiet();
    expect(rig.sys.keeper.orphanEnd(pids[1] ?? 0)).toBe(undefined);
    expect(rig.sys.keeper.orphanEnd(pids[2] ?? 0)?.end).toEqual({ kind: 'exited', code: 2 });
    expect(rig.told).toEqual(['1 starting', '1 running', '1 exited', 'orphan', '1 empty']);
  });

  it('of a fork bomb are killed to the last one, however many there are', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.multiplies(1));
    rig.control.advanceMs(10);
    expect(rig.control.members(ref)).toHaveLength(1024);
    rig.kill(ref);
    expect(rig.state(ref)).toBe('empty');
    expect(rig.control.members(ref)).toEqual([]);
    expect(rig.control.runUntilQuiet()).toBe(true);
  });

  it('that hop from process to process are not empty until they are killed', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.hops(7));
    rig.control.advanceMs(1000);
    expect(rig.control.members(ref)).toHaveLength(1);
    expect(rig.sys.keeper.entry(ref)).toMatchObject({ state: 'exited', endedAtMs: ref.startedAtMs + 7 });
    rig.kill(ref);
    expect(rig.state(ref)).toBe('empty');
  });

  it('that grow without end are a defect of the test', () => {
    const rig = new Rig();
    rig.spawn(programs.multiplies(1));
    expect(() => rig.control.advanceMs(100)).toThrow(/without end/);
  });

  it('take no process in any more once they are being killed', () => {
    const rig = new Rig();
    const ref = rig.spawn(programs.runs());
    const [main] = rig.control.members(ref);
    let began = 0;
    rig.sys.keeper.kill(ref, () => undefined);
    expect(rig.control.step()).toBe(true);
    main?.fork(() => began++);
    expect(rig.control.members(ref)).toHaveLength(2);
    rig.control.settle();
    expect([rig.state(ref), began]).toEqual(['empty', 0]);
  });
});
