import { describe, expect, it } from 'vitest';
import { ArchondKilled } from '../../../src/sys/fake/misuse.ts';
import * as programs from '../../../src/sys/fake/programs.ts';
import type { Sys } from '../../../src/sys/sys.ts';
import { Rig } from './rig.ts';

describe('the death of archond', () => {
  it('closes its descriptors, and only its own', () => {
    const rig = new Rig();
    const pipe = rig.sys.output.pipe(0);
    if (!pipe.ok) return expect.fail('no pipe');
    rig.must<number>((done) => rig.sys.keeper.store('kept', pipe.value.write, false, done));
    expect(rig.control.openDescriptors()).toEqual([
      `${pipe.value.read} pipe output.pipe`,
      `${pipe.value.write} pipe output.pipe`,
    ]);
    rig.control.killArchond();
    expect(rig.control.openDescriptors()).toEqual([]);
    expect(rig.control.keeper.kept.names()).toEqual(['kept']);
    rig.sys = rig.control.startArchond();
    rig.greet();
    expect(rig.control.openDescriptors()).toEqual([]);
  });

  it('takes its timers, watches, connections and answers with it', () => {
    const rig = new Rig();
    const came: string[] = [];
    const stranger = rig.control.stranger(programs.exits(0, 10));
    const pidfd = rig.sys.pidfds.open(stranger.pid);
    rig.sys.timers.at(rig.control.nowMs() + 10, () => came.push('timer'));
    rig.sys.pidfds.watch(pidfd.ok ? pidfd.value : -1, () => came.push('watch'));
    rig.sys.users.user('root', () => came.push('user'));
    rig.sys.keeper.ready(() => came.push('answer'));
    rig.sys.sockets.listen('/run/socket', 0o600, () => came.push('accept'));
    const client = rig.control.connect('/run/socket');
    rig.control.killArchond();
    rig.control.runUntilQuiet();
    expect(came).toEqual([]);
    expect(client.ok && client.value.gone).toBe(true);
    expect(rig.control.connect('/run/socket')).toEqual({ ok: false, error: 'ECONNREFUSED' });
    expect(rig.control.keeper.ready).toBe(true);
  });

  it('in the middle of a step lets the rest of the step do nothing', () => {
    const rig = new Rig();
    const steps: string[] = [];
    rig.sys.timers.at(rig.control.nowMs(), () => {
      steps.push('before');
      rig.control.killArchond();
      steps.push('after');
      rig.sys.keeper.ready(() => steps.push('answer'));
      steps.push('never');
    });
    rig.control.settle();
    expect(steps).toEqual(['before', 'after']);
    expect(() => rig.sys.descriptors.openNull()).toThrow(ArchondKilled);
  });

  it('can be had at any call: that one and those after it are not carried out, those before it are', () => {
    const kept: (readonly string[])[] = [];
    for (let call = 1; call <= 6; call++) {
      const rig = new Rig();
      const nothing = rig.sys.descriptors.openNull();
      const descriptor = nothing.ok ? nothing.value : -1;
      rig.sys.timers.at(rig.control.nowMs(), () => {
        rig.control.killArchondAtCall(call);
        for (const name of ['a', 'b', 'c', 'd'])
          rig.sys.keeper.store(name, descriptor, false, () => undefined);
      });
      rig.control.settle();
      expect(rig.control.archondAlive).toBe(call > 4);
      kept.push(rig.control.keeper.kept.names());
    }
    expect(kept.map((names) => names.join(''))).toEqual(['', 'a', 'ab', 'abc', 'abcd', 'abcd']);
  });

  it('between two steps lets what was asked be carried out, and the successor see it', () => {
    const rig = new Rig({ tree: 'minder' });
    rig.sys.keeper.spawn(rig.order(programs.exits(3, 100)), () => expect.fail('answered'));
    rig.control.killArchond();
    rig.control.advanceMs(1000);
    rig.sys = rig.control.startArchond();
    rig.greet();
    expect(rig.sys.keeper.entries()).toMatchObject([{ generation: 1, end: { kind: 'exited', code: 3 } }]);
    expect(rig.told).toEqual([]);
  });

  it('while a minder makes the child has its successor greeted when that can be seen', () => {
    const rig = new Rig({ tree: 'minder' });
    rig.control.keeper.settings.minderMs = 50;
    rig.sys.keeper.spawn(rig.order(programs.runs()), () => expect.fail('answered'));
    rig.sys = rig.control.restart();
    rig.listen();
    const states: (string | undefined)[] = [];
    rig.sys.keeper.hello(() => states.push(...rig.sys.keeper.entries().map(({ state }) => state)));
    rig.control.advanceMs(49);
    expect(states).toEqual([]);
    rig.control.advanceMs(1);
    expect(states).toEqual(['running']);
  });

  it('is nothing that its successor shares: another view, another pid, another epoch', () => {
    const rig = new Rig();
    const epochs: number[] = [];
    const pids = new Set<number>();
    for (let life = 0; life < 3; life++) {
      rig.sys = rig.control.restart();
      rig.sys.keeper.listen({
        changed: () => undefined,
        signalled: () => undefined,
        orphaned: () => undefined,
        gone: () => undefined,
      });
      rig.sys.keeper.hello((result) => epochs.push(result.ok ? result.value.epoch : -1));
      rig.sys.sockets.listen('/run/socket', 0o600, () => undefined);
      const connection = rig.sys.sockets.connect('/run/socket');
      if (connection.ok) pids.add(connection.value.peer.pid);
      rig.control.settle();
    }
    expect(epochs).toEqual([2, 3, 4]);
    expect(pids.size).toBe(3);
  });

  it('by its own will says what it left open', () => {
    const rig = new Rig();
    const nothing = rig.sys.descriptors.openNull();
    rig.sys.close();
    expect(rig.control.archondAlive).toBe(true);
    rig.control.settle();
    expect(rig.control.archondAlive).toBe(false);
    expect(rig.control.leftOpen).toEqual([
      `${nothing.ok ? nothing.value : -1} character descriptors.openNull`,
    ]);
  });

  it('leaves only one at a time', () => {
    const rig = new Rig();
    expect(() => rig.control.startArchond()).toThrow(/lives already/);
    rig.control.killArchond();
    rig.control.killArchond();
    const next: Sys = rig.control.startArchond();
    expect(next).not.toBe(rig.sys);
  });
});
