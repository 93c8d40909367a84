import { constants } from 'node:os';
import { expect } from 'vitest';
import type {
  Consumption,
  Consumptions,
  ProcessRef,
  SignalScope,
  Spawned,
  TreeMember,
} from '../../../src/sys/sys.ts';
import type { Command } from './harness.ts';
import type { Tester } from './tester.ts';
import type { Capture, World } from './world.ts';

const { SIGCONT, SIGKILL, SIGSTOP, SIGTERM } = constants.signals;

/** Spawns a command that writes what it is ready with, and waits for that. */
async function spawnReady(
  world: World,
  command: Command,
  ready: readonly string[],
  tree?: 'cgroup' | 'minder',
): Promise<{ readonly spawned: Spawned; readonly capture: Capture }> {
  const capture = world.capture();
  const descriptors = [{ from: capture.write, to: 1 }];
  const spawned = await world.spawn(command, { descriptors, ...(tree === undefined ? {} : { tree }) });
  await world.until(
    () => ready.every((word) => capture.text().includes(word)),
    `it has written ${ready.join()}`,
  );
  return { spawned, capture };
}

async function signal(world: World, ref: ProcessRef, number: number, scope: SignalScope): Promise<number> {
  return world.must<number>((done) => world.sys.keeper.signal(ref, number, scope, done));
}

async function consumptionsOf(world: World, refs: readonly ProcessRef[]): Promise<Consumptions> {
  const answers: Consumptions[] = [];
  world.sys.keeper.consumption(
    refs,
    world.heard((read: Consumptions) => answers.push(read)),
  );
  expect(answers).toEqual([]);
  await world.until(() => answers.length > 0, 'what they use is told');
  expect(answers[0]?.used).toHaveLength(refs.length);
  return answers[0] ?? { used: [], costMs: NaN };
}

async function consumptionOf(world: World, ref: ProcessRef): Promise<Consumption | undefined> {
  return (await consumptionsOf(world, [ref])).used[0];
}

/** Signals, and the end of whole trees. */
export function trees(test: Tester): void {
  test('a signal to the main process reaches it', async (world) => {
    const { spawned } = await spawnReady(world, world.harness.commands.exitsAtTerm(9), ['ready']);
    expect(await signal(world, spawned, SIGTERM, 'main')).toBe(1);
    expect((await world.reached(spawned, 'exited')).end).toEqual({ kind: 'exited', code: 9 });
  });

  test('a signal that nobody handles ends the process', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps());
    await signal(world, spawned, SIGTERM, 'main');
    const { end } = await world.reached(spawned, 'exited');
    expect(end).toEqual({ kind: 'signalled', signal: SIGTERM, core: false });
  });

  test('a stopped process goes on at SIGCONT, with what was sent to it meanwhile', async (world) => {
    const { spawned } = await spawnReady(world, world.harness.commands.exitsAtTerm(4), ['ready']);
    for (const number of [SIGSTOP, SIGTERM]) await signal(world, spawned, number, 'main');
    expect(world.entry(spawned).state).toBe('running');
    await signal(world, spawned, SIGCONT, 'main');
    expect((await world.reached(spawned, 'exited')).end).toEqual({ kind: 'exited', code: 4 });
  });

  test('a signal that wakes is heard by a process that stands still', async (world) => {
    const { spawned } = await spawnReady(world, world.harness.commands.exitsAtTerm(4), ['ready']);
    await signal(world, spawned, SIGSTOP, 'main');
    const sent = await world.must<number>((done) => {
      world.sys.keeper.signalAndWake(spawned, SIGTERM, 'main', done);
    });
    expect(sent).toBe(1);
    expect((await world.reached(spawned, 'exited')).end).toEqual({ kind: 'exited', code: 4 });
  });

  test('signal 0 is sent to nobody and says that there is one', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps());
    expect(await signal(world, spawned, 0, 'main')).toBe(1);
    expect(world.harness.isAlive(spawned.pid)).toBe(true);
  });

  test('a signal to the group spares who has a session of his own', async (world) => {
    const { spawned } = await spawnReady(world, world.harness.commands.family(), ['near', 'far']);
    expect(await signal(world, spawned, SIGTERM, 'group')).toBe(1);
    const entry = await world.reached(spawned, 'exited');
    expect(entry.end).toEqual({ kind: 'signalled', signal: SIGTERM, core: false });
    expect(world.entry(spawned).state).toBe('exited');
    /* The other of the group is reaped in its own time. */
    let left = await signal(world, spawned, 0, 'tree');
    while (left > 1) left = await signal(world, spawned, 0, 'tree');
    expect(left).toBe(1);
  });

  test('a signal to the tree reaches every process of it', async (world) => {
    const { spawned } = await spawnReady(world, world.harness.commands.family(), ['near', 'far']);
    expect(await signal(world, spawned, SIGTERM, 'tree')).toBe(3);
    expect((await world.reached(spawned, 'empty')).end).toMatchObject({ signal: SIGTERM });
  });

  test('the members of a tree are told with who they belong to, until it is over', async (world) => {
    const { keeper } = world.sys;
    const membersOf = async (ref: ProcessRef): Promise<readonly TreeMember[]> => {
      const answers: (readonly TreeMember[])[] = [];
      keeper.members(
        ref,
        world.heard((members: readonly TreeMember[]) => void answers.push(members)),
      );
      expect(answers).toEqual([]);
      await world.until(() => answers.length > 0, 'the members are told');
      return answers[0] ?? [];
    };
    const command = world.harness.commands.family();
    const { spawned } = await spawnReady(world, command, ['near', 'far']);
    const members = await membersOf(spawned);
    expect(members).toHaveLength(3);
    const main = members.find(({ pid }) => pid === spawned.pid);
    expect(main?.words).toEqual(command.argv.map((word) => Buffer.from(word).toString('latin1')));
    const others = members.filter((member) => member !== main);
    expect(others.map(({ parent }) => parent)).toEqual([spawned.pid, spawned.pid]);
    expect(members.every(({ state }) => /^[RSD]$/.test(state))).toBe(true);
    await signal(world, spawned, SIGKILL, 'tree');
    await world.reached(spawned, 'empty');
    expect(await membersOf(spawned)).toEqual([]);
    expect(await membersOf({ index: 9, generation: 99 })).toEqual([]);
  });

  test('what a tree uses is told until it is over', async (world) => {
    const { spawned } = await spawnReady(world, world.harness.commands.family(), ['near', 'far']);
    const used = await consumptionOf(world, spawned);
    expect(used?.cpuUs).toBeGreaterThanOrEqual(0);
    expect(used?.memoryBytes).toBeGreaterThanOrEqual(0);
    await signal(world, spawned, SIGKILL, 'tree');
    await world.reached(spawned, 'empty');
    expect(await consumptionOf(world, spawned)).toBe(undefined);
    expect(await consumptionOf(world, { index: 9, generation: 99 })).toBe(undefined);
  });

  for (const tree of ['cgroup', 'minder'] as const) {
    test(
      `with a ${tree}, what a tree uses is that of all its processes`,
      async (world) => {
        const { harness } = world;
        const { spawned } = await spawnReady(world, harness.commands.family(), ['near', 'far'], tree);
        const lone = await world.spawn(harness.commands.sleeps(), { tree });
        const [family, alone] = (await consumptionsOf(world, [spawned, lone])).used;
        expect([family?.processes, family?.threads]).toEqual([3, 3]);
        /* Each has the pipe to which it writes, at least. */
        expect(family?.descriptors).toBeGreaterThanOrEqual(3);
        expect(family?.readBytes).toBeGreaterThanOrEqual(0);
        expect(family?.writtenBytes).toBeGreaterThanOrEqual(0);
        expect(alone?.processes).toBe(1);
        for (const ref of [spawned, lone]) await signal(world, ref, SIGKILL, 'tree');
      },
      tree === 'cgroup' ? 'cgroup' : undefined,
    );
  }

  test('what several trees use comes in the order in which it was asked for', async (world) => {
    const one = await world.spawn(world.harness.commands.sleeps());
    const { spawned: other } = await spawnReady(world, world.harness.commands.family(), ['near', 'far']);
    const nowhere = { index: 9, generation: 99 };
    const { used, costMs } = await consumptionsOf(world, [other, nowhere, one, other]);
    expect(used.map((each) => each?.processes)).toEqual([3, undefined, 1, 3]);
    expect(costMs).toBeGreaterThan(0);
    expect(await consumptionsOf(world, [])).toMatchObject({ used: [] });
    for (const ref of [one, other]) await signal(world, ref, SIGKILL, 'tree');
  });

  test('when the main process has ended, only its tree can be signalled', async (world) => {
    const spawned = await world.spawn(world.harness.commands.leavesDaemon(3));
    expect((await world.reached(spawned, 'exited')).end).toEqual({ kind: 'exited', code: 3 });
    for (const scope of ['main', 'group'] as const) {
      expect(await world.refused((done) => world.sys.keeper.signal(spawned, SIGTERM, scope, done))).toBe(
        'ESRCH',
      );
    }
    expect(world.entry(spawned).state).toBe('exited');
    expect(await signal(world, spawned, SIGTERM, 'tree')).toBe(1);
    await world.reached(spawned, 'empty');
  });

  test('a spawn that has ended cannot be signalled', async (world) => {
    const spawned = await world.spawn(world.harness.commands.exits(0));
    await world.reached(spawned, 'empty');
    expect(await world.refused((done) => world.sys.keeper.signal(spawned, SIGTERM, 'main', done))).toBe(
      'ESRCH',
    );
  });

  test('a signal to a spawn that is unknown is ESRCH', async (world) => {
    const ref = { index: 0, generation: 1 };
    expect(await world.refused((done) => world.sys.keeper.signal(ref, SIGTERM, 'main', done))).toBe('ESRCH');
    expect(await world.refused((done) => world.sys.keeper.kill(ref, done))).toBe('ESRCH');
  });

  test('a number that is no signal is EINVAL', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps());
    expect(await world.refused((done) => world.sys.keeper.signal(spawned, 65, 'main', done))).toBe('EINVAL');
  });

  for (const tree of ['cgroup', 'minder'] as const) {
    const needs = tree === 'cgroup' ? 'cgroup' : undefined;

    test(
      `with a ${tree}, a kill leaves nothing of a stubborn daemon`,
      async (world) => {
        const { spawned } = await spawnReady(world, world.harness.commands.stubborn(), ['ready'], tree);
        expect(world.entry(spawned).tree).toBe(tree);
        await signal(world, spawned, SIGTERM, 'tree');
        expect(world.harness.isAlive(spawned.pid)).toBe(true);
        await world.must<number>((done) => world.sys.keeper.kill(spawned, done));
        const { end } = await world.reached(spawned, 'empty');
        expect(end).toEqual({ kind: 'signalled', signal: SIGKILL, core: false });
        expect(world.harness.isAlive(spawned.pid)).toBe(false);
      },
      needs,
    );

    test(
      `with a ${tree}, a spawn is not empty while a daemon of it lives`,
      async (world) => {
        const spawned = await world.spawn(world.harness.commands.leavesDaemon(0), { tree });
        await world.reached(spawned, 'exited');
        await world.endOf(world.harness.commands.exits(0), { tree });
        expect(world.entry(spawned).state).toBe('exited');
        await world.must<number>((done) => world.sys.keeper.kill(spawned, done));
        expect((await world.reached(spawned, 'empty')).end).toEqual({ kind: 'exited', code: 0 });
      },
      needs,
    );

    test(
      `with a ${tree}, a kill spares the neighbour`,
      async (world) => {
        const { commands } = world.harness;
        const one = await spawnReady(world, commands.stubborn(), ['ready'], tree);
        const other = await spawnReady(world, commands.stubborn(), ['ready'], tree);
        await world.must<number>((done) => world.sys.keeper.kill(one.spawned, done));
        await world.reached(one.spawned, 'empty');
        expect(world.entry(other.spawned).state).toBe('running');
        expect(await signal(world, other.spawned, 0, 'tree')).toBe(2);
      },
      needs,
    );

    test(
      `with a ${tree}, the end of an orphan is told and kept`,
      async (world) => {
        const { write, copying, text } = world.capture();
        const descriptors = [{ from: write, to: 1 }];
        const spawned = await world.spawn(world.harness.commands.leavesOrphan(6), { tree, descriptors });
        await world.reached(spawned, 'empty');
        copying.drain();
        const pid = Number(text());
        await world.until(
          () => world.sys.keeper.orphanEnd(pid) !== undefined,
          'the end of the orphan is kept',
        );
        expect(world.sys.keeper.orphanEnd(pid)?.end).toEqual({ kind: 'exited', code: 6 });
        await world.until(() => world.orphans > 1, 'an orphan is told of');
        expect(world.sys.keeper.orphanEnd(spawned.pid)).toBe(undefined);
      },
      needs,
    );
  }

  test('a kill of what has ended already is carried out, and changes nothing', async (world) => {
    const spawned = await world.spawn(world.harness.commands.exits(2));
    await world.reached(spawned, 'empty');
    await world.must<number>((done) => world.sys.keeper.kill(spawned, done));
    expect(world.entry(spawned)).toMatchObject({ state: 'empty', end: { kind: 'exited', code: 2 } });
  });

  test('quit kills everything, and nothing is started any more', async (world) => {
    const { keeper } = world.sys;
    const { spawned } = await spawnReady(world, world.harness.commands.stubborn(), ['ready']);
    await world.must<number>((done) => keeper.quit(3, done));
    await world.reached(spawned, 'empty');
    const order = world.order(world.harness.commands.exits(0));
    expect(await world.refused((done) => keeper.spawn(order, done))).toBe('ESHUTDOWN');
  });
}
