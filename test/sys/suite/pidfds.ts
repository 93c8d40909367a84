import { constants } from 'node:os';
import { expect } from 'vitest';
import type {
  Consumptions,
  Descriptor,
  ProcessConsumption,
  ProcessEnd,
  TreeMember,
} from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { bytes, errorOf, value, type World } from './world.ts';

const { SIGKILL, SIGTERM } = constants.signals;

/** Watches, and gives what the end was once it is told. */
function watch(
  world: World,
  pidfd: Descriptor,
): { readonly ends: readonly ProcessEnd[]; readonly cancel: () => void } {
  const told: ProcessEnd[] = [];
  const cancel = world.sys.pidfds.watch(
    pidfd,
    world.heard((end: ProcessEnd) => told.push(end)),
  );
  return { ends: told, cancel };
}

/** Processes that the keeper did not make. */
export function pidfds(test: Tester): void {
  const open = (world: World, pid: number): Descriptor => world.own(value(world.sys.pidfds.open(pid)));

  test('a pidfd names its process', async (world) => {
    const { pid } = await world.harness.stranger();
    const pidfd = open(world, pid);
    expect(value(world.sys.pidfds.pidOf(pidfd))).toBe(pid);
    expect(value(world.sys.descriptors.kindOf(pidfd))).toBe('pidfd');
  });

  test('there is no pidfd of a process that does not exist', (world) => {
    expect(errorOf(world.sys.pidfds.open(4_194_303))).toBe('ESRCH');
    expect(errorOf(world.sys.pidfds.open(0))).toBe('EINVAL');
    expect(errorOf(world.sys.pidfds.open(-1))).toBe('EINVAL');
  });

  test('a process has the name of what it executes, until it is gone', async (world) => {
    const command = world.harness.commands.sleeps();
    const spawned = await world.spawn(command);
    await world.reached(spawned, 'running');
    const path = Buffer.from(command.paths[0] ?? []).toString();
    expect(world.sys.pidfds.nameOf(spawned.pid)).toBe(path.slice(path.lastIndexOf('/') + 1).slice(0, 15));
    await world.bury(spawned);
    expect(world.sys.pidfds.nameOf(spawned.pid)).toBe(undefined);
    expect(world.sys.pidfds.nameOf(4_194_303)).toBe(undefined);
  });

  test('a process has a program and a command line, until it is gone', async (world) => {
    const command = world.harness.commands.sleeps();
    const spawned = await world.spawn(command);
    await world.reached(spawned, 'running');
    const words = command.argv.map((word) => Buffer.from(word).toString());
    const { exe, command: line } = world.sys.pidfds.programOf(spawned.pid);
    expect(exe).not.toBe('');
    expect(line).toContain(words.join(' '));
    await world.bury(spawned);
    expect(world.sys.pidfds.programOf(spawned.pid)).toEqual({ exe: '', command: '' });
  });

  test('a process is told with its parent and words, until it has ended', async (world) => {
    const membersOf = async (pid: number): Promise<TreeMember | undefined> => {
      const answers: (TreeMember | undefined)[] = [];
      world.sys.pidfds.member(
        pid,
        world.heard((member: TreeMember | undefined) => answers.push(member)),
      );
      expect(answers).toEqual([]);
      await world.until(() => answers.length > 0, 'the process is told');
      return answers[0];
    };
    const command = world.harness.commands.sleeps();
    const spawned = await world.spawn(command);
    await world.reached(spawned, 'running');
    const words = command.argv.map((word) => Buffer.from(word).toString('latin1'));
    const told = await membersOf(spawned.pid);
    expect(told).toEqual({ pid: spawned.pid, parent: told?.parent, state: told?.state, words });
    expect(told?.state).toMatch(/^[RSD]$/);
    await world.bury(spawned);
    expect(await membersOf(spawned.pid)).toBe(undefined);
  });

  test('what a process uses is told with its age, until it has ended', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps());
    const answers: Consumptions<ProcessConsumption>[] = [];
    const ask = async (): Promise<ProcessConsumption | undefined> => {
      answers.length = 0;
      world.sys.pidfds.consumption(
        [4_194_303, spawned.pid],
        world.heard((read: Consumptions<ProcessConsumption>) => answers.push(read)),
      );
      expect(answers).toEqual([]);
      await world.until(() => answers.length > 0, 'what it uses is told');
      const [nobody, used] = answers[0]?.used ?? [];
      expect(nobody).toBe(undefined);
      return used;
    };
    await world.reached(spawned, 'running');
    const used = await ask();
    expect(used?.cpuUs).toBeGreaterThanOrEqual(0);
    expect(used?.memoryBytes).toBeGreaterThanOrEqual(0);
    expect(used).toMatchObject({ processes: 1, threads: 1 });
    expect(used?.descriptors).toBeGreaterThanOrEqual(0);
    /* /proc tells both of its instants in hundredths of a second. */
    expect(used?.ageMs).toBeGreaterThanOrEqual(-20);
    await world.bury(spawned);
    expect(await ask()).toBe(undefined);
  });

  test('what is no pidfd is EBADF', (world) => {
    const { descriptors, pidfds: door } = world.sys;
    for (const made of [descriptors.openNull(), descriptors.holding(bytes('x'))]) {
      const descriptor = world.own(value(made));
      expect(errorOf(door.pidOf(descriptor))).toBe('EBADF');
      expect(errorOf(door.signal(descriptor, SIGTERM))).toBe('EBADF');
    }
  });

  test('an end is told once, and the pid is nobody’s any more', async (world) => {
    const stranger = await world.harness.stranger();
    const pidfd = open(world, stranger.pid);
    const { ends } = watch(world, pidfd);
    stranger.exit(0);
    await world.until(() => ends.length > 0, 'the end is told');
    expect(ends).toHaveLength(1);
    await world.until(() => value(world.sys.pidfds.pidOf(pidfd)) === -1, 'it has been reaped');
    expect(errorOf(world.sys.pidfds.signal(pidfd, SIGTERM))).toBe('ESRCH');
  });

  test(
    'the exit code of a stranger is told',
    async (world) => {
      const stranger = await world.harness.stranger();
      const { ends } = watch(world, open(world, stranger.pid));
      stranger.exit(17);
      await world.until(() => ends.length > 0, 'the end is told');
      expect(ends).toEqual([{ kind: 'exited', code: 17 }]);
    },
    'ends-of-strangers',
  );

  test(
    'the signal that ended a stranger is told',
    async (world) => {
      const { pid } = await world.harness.stranger();
      const pidfd = open(world, pid);
      const { ends } = watch(world, pidfd);
      value(world.sys.pidfds.signal(pidfd, SIGKILL));
      await world.until(() => ends.length > 0, 'the end is told');
      expect(ends).toEqual([{ kind: 'signalled', signal: SIGKILL, core: false }]);
    },
    'ends-of-strangers',
  );

  test('an end is never invented', async (world) => {
    const stranger = await world.harness.stranger();
    const { ends } = watch(world, open(world, stranger.pid));
    stranger.exit(3);
    await world.until(() => ends.length > 0, 'the end is told');
    expect([{ kind: 'exited', code: 3 }, { kind: 'unknown' }]).toContainEqual(ends[0]);
  });

  test('a watch that begins after the end tells of it, and not inside the call', async (world) => {
    const stranger = await world.harness.stranger();
    const pidfd = open(world, stranger.pid);
    stranger.exit(1);
    await world.until(() => value(world.sys.pidfds.pidOf(pidfd)) === -1, 'it has been reaped');
    const { ends } = watch(world, pidfd);
    expect(ends).toEqual([]);
    await world.until(() => ends.length > 0, 'the end is told');
  });

  test('a watch that is cancelled tells nothing', async (world) => {
    const stranger = await world.harness.stranger();
    const one = open(world, stranger.pid);
    const other = open(world, stranger.pid);
    const cancelled = watch(world, one);
    const { ends } = watch(world, other);
    cancelled.cancel();
    cancelled.cancel();
    stranger.exit(0);
    await world.until(() => ends.length > 0, 'the other watch tells the end');
    expect(cancelled.ends).toEqual([]);
  });

  test('a pidfd of a process of the keeper is one too', async (world) => {
    const spawned = await world.spawn(world.harness.commands.sleeps());
    const pidfd = open(world, spawned.pid);
    expect(value(world.sys.pidfds.pidOf(pidfd))).toBe(spawned.pid);
    value(world.sys.pidfds.signal(pidfd, SIGTERM));
    expect((await world.reached(spawned, 'empty')).end).toMatchObject({ signal: SIGTERM });
  });
}
