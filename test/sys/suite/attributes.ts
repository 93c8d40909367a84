import { expect } from 'vitest';
import type { Tester } from './tester.ts';
import { bytes, value } from './world.ts';

/** Every byte but NUL, in an order that no encoding survives by chance. */
const ALL_BYTES = Uint8Array.from({ length: 255 }, (_, at) => ((at * 97) % 255) + 1);

/** What an order gives its process, as the process itself sees it. */
export function attributes(test: Tester): void {
  test('arguments reach the process byte for byte', async (world) => {
    const words = [bytes(''), ALL_BYTES, bytes('two words'), Uint8Array.of(0xff), bytes('')];
    const output = await world.outputOf(world.harness.commands.tellsWords(words));
    expect(output).toBe(words.map((word) => `${Buffer.from(word).toString('latin1')}\0`).join(''));
  });

  test('the environment is what the order says and nothing else, byte for byte', async (world) => {
    const env = [bytes('A=1'), Buffer.concat([bytes('B='), ALL_BYTES]), bytes('EMPTY='), bytes('C=x=y')];
    const output = await world.outputOf(world.harness.commands.tellsEnvironment(), { env });
    const strings = output.split('\0').slice(0, -1).sort();
    expect(strings).toEqual(env.map((string) => Buffer.from(string).toString('latin1')).sort());
  });

  test('listenPid adds the pid of the process itself', async (world) => {
    const { write, copying, text } = world.capture();
    const command = world.harness.commands.tellsEnvironment();
    const env = [bytes('A=1')];
    const spawned = await world.spawn(command, {
      env,
      listenPid: true,
      descriptors: [{ from: write, to: 1 }],
    });
    await world.reached(spawned, 'empty');
    copying.drain();
    expect(text().split('\0').slice(0, -1).sort()).toEqual(['A=1', `LISTEN_PID=${spawned.pid}`]);
  });

  test('a process begins in the folder of the order, and by default where the keeper is', async (world) => {
    const facts = await world.facts(world.harness.commands.tellsFacts(), {
      cwd: bytes(world.harness.folder),
    });
    expect(facts.get('cwd')).toBe(world.harness.folder);
    const other = await world.facts(world.harness.commands.tellsFacts());
    expect(other.get('cwd')).toMatch(/^\//);
  });

  test('the mask of file modes is that of the order', async (world) => {
    const { commands } = world.harness;
    expect((await world.facts(commands.tellsFacts(), { umask: 0o027 })).get('umask')).toBe('0027');
    expect((await world.facts(commands.tellsFacts(), { umask: 0 })).get('umask')).toBe('0000');
  });

  test('a process has a session of its own, unless the order says otherwise', async (world) => {
    const own = await world.facts(world.harness.commands.tellsFacts());
    expect([own.get('session'), own.get('group')]).toEqual([own.get('pid'), own.get('pid')]);
    const other = await world.facts(world.harness.commands.tellsFacts(), { session: false });
    expect(other.get('session')).not.toBe(other.get('pid'));
  });

  test('nice and the score of the OOM killer are those of the order', async (world) => {
    /* The only one that an ordinary user may always ask for, however nice the tests are themselves. */
    const facts = await world.facts(world.harness.commands.tellsFacts(), { nice: 19, oomScoreAdjust: 500 });
    expect([facts.get('nice'), facts.get('oom')]).toEqual(['19', '500']);
  });

  test('limits are those of the order, and the one of descriptors is that of the welcome', async (world) => {
    const usual = await world.facts(world.harness.commands.tellsFacts());
    const { soft, hard } = world.welcome?.descriptorLimit ?? { soft: 0, hard: 0 };
    expect([usual.get('files-soft'), usual.get('files-hard')]).toEqual([soft, hard].map(String));
    const limits = [{ resource: 'nofile', soft: 33, hard: 44 }];
    const facts = await world.facts(world.harness.commands.tellsFacts(), { limits });
    expect([facts.get('files-soft'), facts.get('files-hard')]).toEqual(['33', '44']);
  });

  test('new privileges can be forbidden', async (world) => {
    const { commands } = world.harness;
    expect(
      (await world.facts(commands.tellsFacts(), { noNewPrivileges: true })).get('no-new-privileges'),
    ).toBe('1');
  });

  test('no signal is blocked or ignored', async (world) => {
    const facts = await world.facts(world.harness.commands.tellsFacts());
    expect(
      [facts.get('blocked'), facts.get('ignored')].map((mask) => Number.parseInt(mask ?? '1', 16)),
    ).toEqual([0, 0]);
  });

  test(
    'user, group and further groups are those of the order',
    async (world) => {
      const user = { uid: 12_345, gid: 23_456, groups: [34_567, 34_568] };
      const facts = await world.facts(world.harness.commands.tellsFacts(), { user });
      expect([facts.get('uid'), facts.get('gid')]).toEqual(['12345', '23456']);
      const groups = (facts.get('groups') ?? '').split(' ').filter((gid) => gid !== '23456');
      expect(groups.sort()).toEqual(['34567', '34568']);
    },
    'other-user',
  );

  test('exactly the descriptors of the order are open', async (world) => {
    const nothing = world.own(value(world.sys.descriptors.openNull()));
    const at = (to: number): { readonly from: number; readonly to: number } => ({ from: nothing, to });
    const { commands } = world.harness;
    const some = await world.facts(commands.tellsFacts(), { descriptors: [at(0), at(2), at(9), at(255)] });
    expect(some.get('descriptors')).toBe('0 1 2 9 255');
  });

  test('each descriptor is at the number that the order gives it', async (world) => {
    const { descriptors } = world.sys;
    const first = world.own(value(descriptors.holding(bytes('first'))));
    const second = world.own(value(descriptors.holding(bytes('second'))));
    const { commands } = world.harness;
    const both = [
      { from: first, to: 0 },
      { from: second, to: 200 },
    ];
    expect(await world.outputOf(commands.copies(200), { descriptors: both })).toBe('second');
    expect(await world.outputOf(commands.copies(0), { descriptors: both })).toBe('first');
  });

  test('descriptors of an order stay open here, and may be closed once it is asked for', async (world) => {
    const { descriptors, keeper } = world.sys;
    const input = value(descriptors.holding(bytes('given away')));
    const { write, copying, text } = world.capture();
    const order = world.order(world.harness.commands.copies(0), {
      descriptors: [
        { from: input, to: 0 },
        { from: write, to: 1 },
      ],
    });
    const asked = world.must<{ index: number; generation: number }>((done) => keeper.spawn(order, done));
    expect(value(descriptors.kindOf(input))).toBe('pipe');
    descriptors.close(input);
    await world.reached(await asked, 'empty');
    copying.drain();
    expect(text()).toBe('given away');
  });

  test('one descriptor may be given under several numbers', async (world) => {
    const { write, copying, text } = world.capture();
    const descriptors = [1, 2].map((to) => ({ from: write, to }));
    const spawned = await world.spawn(world.harness.commands.says('once'), { descriptors });
    await world.reached(spawned, 'empty');
    copying.drain();
    expect(text()).toBe('once');
  });
}
