import { constants } from 'node:os';
import { expect } from 'vitest';
import type { Copying, SysError } from '../../../src/sys/sys.ts';
import type { Tester } from './tester.ts';
import { value, type World } from './world.ts';

const { SIGKILL } = constants.signals;

function newPipe(world: World): { readonly read: number; readonly write: number } {
  return value(world.sys.output.pipe(process.getuid?.() ?? 0));
}

/** Pipes, and what copies them into files. */
export function output(test: Tester): void {
  test('what a process writes comes into the file', async (world) =>
    expect(await world.outputOf(world.harness.commands.says('hello'))).toBe('hello'));

  test('the file is made at the first byte, and not before', async (world) => {
    const { write, copying, path } = world.capture();
    const spawned = await world.spawn(world.harness.commands.exits(0), {
      descriptors: [{ from: write, to: 1 }],
    });
    await world.reached(spawned, 'empty');
    expect(copying.drain()).toBe(true);
    expect(copying.copiedBytes).toBe(0);
    expect(world.harness.exists(path)).toBe(false);
  });

  test('the folders of the file are made with it', async (world) => {
    const { read, write } = newPipe(world);
    world.own(write);
    const path = `${world.harness.folder}/made/deeper/log`;
    const copying = world.sys.output.copy(read, path, 0o640, () => undefined);
    const descriptors = [{ from: write, to: 1 }];
    await world.reached(await world.spawn(world.harness.commands.says('deep'), { descriptors }), 'empty');
    expect(copying.drain()).toBe(true);
    expect(Buffer.from(world.harness.readFile(path) ?? []).toString()).toBe('deep');
    copying.close();
  });

  test('bytes come while the process still runs', async (world) => {
    const { write, copying, text } = world.capture();
    const command = world.harness.commands.exitsAtTerm(0);
    const spawned = await world.spawn(command, { descriptors: [{ from: write, to: 1 }] });
    await world.until(() => text().includes('ready'), 'its word has come');
    /* The keeper may get to know of its exec later than its word comes. */
    expect((await world.reached(spawned, 'running')).state).toBe('running');
    expect(copying.copiedBytes).toBe(text().length);
  });

  test('one process after the other may write into one pipe, and the file grows', async (world) => {
    const { write, copying, text } = world.capture();
    for (const word of ['one,', 'two,', 'three']) {
      const command = world.harness.commands.says(word);
      await world.reached(await world.spawn(command, { descriptors: [{ from: write, to: 1 }] }), 'empty');
    }
    expect(copying.drain()).toBe(true);
    expect(text()).toBe('one,two,three');
    expect(copying.copiedBytes).toBe(13);
  });

  test('what is in the file already stays there', async (world) => {
    const first = world.capture();
    const descriptors = [{ from: first.write, to: 1 }];
    await world.reached(await world.spawn(world.harness.commands.says('old,'), { descriptors }), 'empty');
    first.copying.drain();
    const { read, write } = newPipe(world);
    world.own(write);
    const copying = world.sys.output.copy(read, first.path, 0o600, () => undefined);
    const more = [{ from: write, to: 1 }];
    await world.reached(
      await world.spawn(world.harness.commands.says('new'), { descriptors: more }),
      'empty',
    );
    copying.drain();
    copying.close();
    expect(first.text()).toBe('old,new');
  });

  test('more than a pipe holds comes whole', async (world) => {
    const { write, copying, text } = world.capture();
    const data = Buffer.alloc(300_000);
    for (let at = 0; at < data.length; at++) data[at] = (at * 31 + (at >> 8)) & 0xff;
    const input = world.own(value(world.sys.descriptors.holding(data)));
    const descriptors = [
      { from: input, to: 0 },
      { from: write, to: 1 },
    ];
    const spawned = await world.spawn(world.harness.commands.copies(0), { descriptors });
    await world.reached(spawned, 'empty');
    copying.drain();
    expect(text() === data.toString('latin1')).toBe(true);
    expect(copying.copiedBytes).toBe(data.length);
  });

  test('without a reader a writer is not ended, and its bytes wait in the pipe', async (world) => {
    const { read, write } = newPipe(world);
    const kept = world.own(value(world.sys.descriptors.duplicate(read)));
    const path = `${world.harness.folder}/closed`;
    world.sys.output.copy(read, path, 0o600, () => undefined).close();
    const descriptors = [{ from: write, to: 1 }];
    expect(await world.endOf(world.harness.commands.says('waits'), { descriptors })).toEqual({
      kind: 'exited',
      code: 0,
    });
    world.sys.descriptors.close(write);
    const again = world.sys.output.copy(
      value(world.sys.descriptors.duplicate(kept)),
      path,
      0o600,
      () => undefined,
    );
    expect(again.drain()).toBe(true);
    again.close();
    expect(Buffer.from(world.harness.readFile(path) ?? []).toString()).toBe('waits');
  });

  test('the death of every reader does not end the writer', async (world) => {
    const { read, write } = newPipe(world);
    const descriptors = [{ from: write, to: 1 }];
    const spawned = await world.spawn(world.harness.commands.sleeps(), { descriptors });
    world.sys.descriptors.close(read);
    const end = await world.endOf(world.harness.commands.says('into nothing'), { descriptors });
    expect(end).toEqual({ kind: 'exited', code: 0 });
    world.sys.descriptors.close(write);
    await world.must<number>((done) => world.sys.keeper.signal(spawned, SIGKILL, 'main', done));
    await world.reached(spawned, 'empty');
  });

  test('a writing end can be had again from the reading one', async (world) => {
    const { read, write, identity } = value(world.sys.output.pipe(process.getuid?.() ?? 0));
    world.sys.descriptors.close(write);
    const again = value(world.sys.output.reopen(read));
    expect(again.identity).toEqual(identity);
    const path = `${world.harness.folder}/reopened`;
    const copying = world.sys.output.copy(read, path, 0o600, () => undefined);
    const descriptors = [{ from: again.write, to: 1 }];
    await world.reached(await world.spawn(world.harness.commands.says('through'), { descriptors }), 'empty');
    expect(copying.drain()).toBe(true);
    copying.close();
    world.sys.descriptors.close(again.write);
    expect(Buffer.from(world.harness.readFile(path) ?? []).toString()).toBe('through');
  });

  test('pipes have identities that tell them apart', (world) => {
    const pipes = [1, 2, 3].map(() => value(world.sys.output.pipe(process.getuid?.() ?? 0)));
    for (const { read, write } of pipes) {
      world.own(read);
      world.own(write);
      expect(value(world.sys.descriptors.kindOf(read))).toBe('pipe');
      expect(value(world.sys.descriptors.kindOf(write))).toBe('pipe');
    }
    expect(new Set(pipes.map(({ identity }) => `${identity.device}:${identity.inode}`)).size).toBe(3);
  });

  test('a file that cannot be made is told of, the bytes stay in the pipe, and come when it can', async (world) => {
    const { read, write } = newPipe(world);
    const folder = `${world.harness.folder}/obstacle`;
    value(world.sys.files.openToAppend(folder, 0o600)).close();
    const errors: string[] = [];
    const failed = world.heard((error: SysError) => errors.push(error.code));
    const copying = world.sys.output.copy(read, `${folder}/file`, 0o600, failed);
    const descriptors = [{ from: write, to: 1 }];
    await world.reached(await world.spawn(world.harness.commands.says('late'), { descriptors }), 'empty');
    await world.until(() => errors.length > 0, 'the failure is told');
    expect(errors[0]).toBe('ENOTDIR');
    expect(copying.drain()).toBe(false);
    expect(copying.copiedBytes).toBe(0);
    value(world.sys.files.remove(folder));
    expect(copying.drain()).toBe(true);
    expect(Buffer.from(world.harness.readFile(`${folder}/file`) ?? []).toString()).toBe('late');
    copying.close();
    world.sys.descriptors.close(write);
  });

  test('what has come to the file is told of, until that is cancelled', async (world) => {
    const { write, copying, text } = world.capture();
    let heard = 0;
    const cancel = copying.whenMoved(world.heard(() => (heard = text().length)));
    const descriptors = [{ from: write, to: 1 }];
    await world.reached(await world.spawn(world.harness.commands.says('told,'), { descriptors }), 'empty');
    await world.until(() => heard === 5, 'the bytes are told of');
    await world.reached(await world.spawn(world.harness.commands.says('drained'), { descriptors }), 'empty');
    copying.drain();
    await world.until(() => heard === 12, 'the drained ones too');
    cancel();
    await world.reached(await world.spawn(world.harness.commands.says('.'), { descriptors }), 'empty');
    await world.until(() => text().length === 13, 'more has come');
    expect(heard).toBe(12);
  });

  test('a file that was removed is made anew, with its index of times', async (world) => {
    const { write, copying, path, text } = world.capture();
    const says = async (word: string): Promise<void> => {
      const descriptors = [{ from: write, to: 1 }];
      await world.reached(await world.spawn(world.harness.commands.says(word), { descriptors }), 'empty');
      copying.drain();
    };
    await says('one');
    value(world.sys.files.remove(path));
    await says('two');
    expect(text()).toBe('two');
    expect(timesIn(world, path).at(-1)?.offset).toBe(0);
  });

  test('what one dropped, the next one that goes on with its pipe counts, and tells of once', async (world) => {
    const { sys, harness } = world;
    const { read, write } = newPipe(world);
    world.own(write);
    const tally = world.own(value(sys.output.tally()));
    const again = [value(sys.descriptors.duplicate(read)), value(sys.descriptors.duplicate(read))];
    const plain = world.capture();
    const descriptors = [{ from: plain.write, to: 1 }];
    await world.reached(await world.spawn(harness.commands.says('plain'), { descriptors }), 'empty');
    expect(plain.copying.drain()).toBe(true);
    const path = `${harness.folder}/taken`;
    const dropped: string[] = [];
    const copy = (pipe: number, file: string): Copying => {
      const copying = sys.output.copy(pipe, file, 0o600, () => undefined, {
        limits: { maxBytes: 0, drops: true },
        dropped: world.heard(({ bytes, lines }) => dropped.push(`${bytes} bytes, ${lines} lines`)),
      });
      value(copying.count(tally));
      return copying;
    };
    /* No file can be made below a file. */
    const first = copy(read, `${plain.path}/log`);
    expect(first.isDropping).toBe(false);
    const spawned = await world.spawn(harness.commands.says('some\nmore'), {
      descriptors: [{ from: write, to: 1 }],
    });
    await world.reached(spawned, 'empty');
    expect([first.drain(), first.isDropping]).toEqual([false, true]);
    first.close();
    const second = copy(again[0] ?? -1, path);
    expect(second.isDropping).toBe(true);
    expect([second.drain(), second.isDropping]).toEqual([true, false]);
    await world.until(() => dropped.length > 0, 'what was dropped is told');
    second.close();
    const third = copy(again[1] ?? -1, path);
    expect([third.drain(), third.isDropping, third.giveUp()]).toEqual([true, false, { bytes: 0, lines: 0 }]);
    third.close();
    expect(dropped).toEqual(['9 bytes, 2 lines']);
    expect(Buffer.from(harness.readFile(path) ?? []).toString()).toMatch(
      /^\[archon\] 9 bytes \(2 lines\) are missing here: [^\n]*\n$/,
    );
  });

  test('beside the file stands from which offset on bytes came when', async (world) => {
    const { write, copying, path } = world.capture();
    const before = world.sys.clock.realtimeNs();
    for (const word of ['one', 'three']) {
      const descriptors = [{ from: write, to: 1 }];
      await world.reached(await world.spawn(world.harness.commands.says(word), { descriptors }), 'empty');
      copying.drain();
      /* What comes within a millisecond has one time. */
      let isLater = false;
      world.sys.timers.at(
        world.sys.clock.monotonicMs() + 2,
        world.heard(() => (isLater = true)),
      );
      await world.until(() => isLater, 'two milliseconds have passed');
    }
    const times = timesIn(world, path);
    expect(times.map(({ offset }) => offset)).toEqual([0, 3]);
    const [first = 0n, second = 0n] = times.map(({ timeNs }) => timeNs);
    expect(before <= first && first < second && second <= world.sys.clock.realtimeNs()).toBe(true);
  });
}

function timesIn(world: World, path: string): { readonly offset: number; readonly timeNs: bigint }[] {
  const bytes = Buffer.from(world.harness.readFile(`${path}~times`) ?? []);
  return Array.from({ length: bytes.length / 16 }, (_, index) => ({
    offset: Number(bytes.readBigUInt64LE(index * 16)),
    timeNs: bytes.readBigUInt64LE(index * 16 + 8),
  }));
}
