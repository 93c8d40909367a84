import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShimBench, type Kind, type Mode } from './bench.ts';

const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const WELL = { code: 0, signal: null, stdout: '' };

let bench: ShimBench;

beforeAll(async () => {
  bench = await ShimBench.make(['sockets', 'families', 'moments']);
}, 60_000);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

/** What is the same whether the socket is inherited or asked for: what is held, and what the program does. */
const ALIKE: readonly (readonly [title: string, kind: Kind, program: string, scenario: string])[] = [
  ['the held socket is served under its address, and errno is left alone', 'v4', 'sockets', 'plain'],
  ['it is given as often as it is bound, but never to a socket that is bound', 'v4', 'sockets', 'again'],
  ['close-on-exec and O_NONBLOCK are the caller’s', 'v4', 'sockets', 'flags'],
  ['options are the caller’s, and not left to the next one', 'v4', 'sockets', 'options'],
  ['another number of the same socket stands for the held one too', 'v4', 'sockets', 'copies'],
  ['epoll tells of it when it was added after bind', 'v4', 'sockets', 'epoll-after'],
  ['epoll tells of it, as it was asked to, when it was added before bind', 'v4', 'sockets', 'epoll-before'],
  ['more watchers than are carried over keep their socket', 'v4', 'sockets', 'crowd'],
  ['port 0 is the kernel’s', 'v4', 'sockets', 'port-zero'],
  ['Unix sockets are the kernel’s', 'v4', 'sockets', 'unix'],
  ['mistakes are refused as ever', 'v4', 'sockets', 'mistakes'],
  ['a socket that sends signals is the kernel’s', 'v4', 'sockets', 'peculiar'],
  ['IPv6 without IPv4 is given to who wants just that', 'v6', 'families', 'only'],
  ['IPv6 with IPv4 is given to who wants both', 'dual', 'families', 'dual'],
  ['another family or protocol gets nothing', 'dual', 'families', 'other-family'],
  ['a UDP socket is given, but not to one that is connected', 'udp', 'families', 'udp'],
  [
    'a UDP port that the caller would share is not given where it is not shared',
    'udp',
    'families',
    'shared-udp',
  ],
  ['a shared UDP port is given', 'group', 'families', 'group'],
  ['TCP sockets that share a port are all the one that is held', 'v4', 'families', 'shared-tcp'],
  ['eight threads bind at once', 'v4', 'moments', 'threads'],
  ['a child binds what was opened before fork', 'v4', 'moments', 'forked'],
  ['a child binds between vfork and its end', 'v4', 'moments', 'vforked'],
  ['a signal handler binds in the middle of malloc', 'v4', 'moments', 'signalled'],
  ['a thread is not cancelled in it', 'v4', 'moments', 'cancelled'],
  ['a program that has cleared its environment binds', 'v4', 'moments', 'cleared'],
];

describe.each<Mode>(['inherited', 'asked'])('a socket that is %s', (mode) => {
  test.each(ALIKE)('%s', async (_title, kind, program, scenario) => {
    expect(await bench.run(mode, kind, [bench.file(program), scenario])).toMatchObject({ ...WELL });
  });

  test('a library that binds before the shim’s own constructor gets it', async () => {
    const library = bench.file(`lib${mode}.so`);
    const program = bench.file(`early-${mode}`);
    const source = path.join(FIXTURES, 'early.c');
    await bench.compile(['-fPIC', '-shared', '-DLIBRARY', source, '-o', library]);
    await bench.compile([source, library, '-o', program]);
    expect(await bench.run(mode, 'v4', [program])).toMatchObject(WELL);
  });
});

describe('an answer', () => {
  test('is asked for with what is to be bound', async () => {
    const questions = async (kind: Kind, program: string, scenario: string): Promise<string> =>
      (await bench.run('asked', kind, [bench.file(program), scenario])).stderr.replaceAll(/\d{4,5}/g, 'PORT');
    expect(await questions('v4', 'sockets', 'plain')).toBe('Bind,tcp,127.0.0.1,PORT\n');
    expect(await questions('dual', 'families', 'dual')).toBe(
      'Bind,tcp,0:0:0:0:0:0:0:0,PORT,@v6only=1\nBind,tcp,0:0:0:0:0:0:0:0,PORT\n',
    );
    expect(await questions('group', 'families', 'group')).toBe('Bind,udp,127.0.0.1,PORT,@reuseport=1\n');
    expect(await questions('v4', 'sockets', 'port-zero')).toBe('');
    expect(await questions('v4', 'sockets', 'unix')).toBe('');
  });

  test('that does not come since whoever was to give it has died is asked for again', async () => {
    const ended = await bench.run('dying', 'v4', [bench.file('sockets'), 'plain']);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^Bind,(.*)\nBind,\1\n$/);
  });

  test('of more than was asked for leaves nothing open', async () => {
    expect(await bench.run('pair', 'v4', [bench.file('sockets'), 'plain'])).toMatchObject(WELL);
  });
});

describe('the kernel’s own bind is called, with its own errno', () => {
  test.each<[string, Mode]>([
    ['without the shim', 'plain'],
    ['after a no', 'denied'],
    ['where no answer comes', 'silent'],
    ['where the answer is another socket', 'wrong'],
    ['where nobody can be asked', 'nobody'],
  ])('%s', async (_title, mode) => {
    expect(await bench.run(mode, 'v4', [bench.file('sockets'), 'refused'])).toMatchObject(WELL);
  });

  test('where there is no descriptor to ask with', async () => {
    expect(await bench.run('asked', 'v4', [bench.file('moments'), 'exhausted'])).toMatchObject(WELL);
  });
});

/** What touches most of the shim. */
const TELLING: readonly (readonly [kind: Kind, program: string, scenario: string])[] = [
  ['v4', 'sockets', 'options'],
  ['v4', 'sockets', 'copies'],
  ['v4', 'sockets', 'epoll-before'],
  ['dual', 'families', 'dual'],
  ['udp', 'families', 'udp'],
  ['v4', 'moments', 'threads'],
  ['v4', 'moments', 'vforked'],
  ['v4', 'moments', 'signalled'],
];

test.each(['address,undefined', 'thread'])(
  'nothing is found by the sanitizers %s',
  async (sanitizers) => {
    const flags = [`-fsanitize=${sanitizers}`, '-fno-sanitize-recover=all'];
    await using inside = await ShimBench.make(['sockets', 'families', 'moments'], flags);
    for (const [kind, program, scenario] of TELLING)
      expect(await inside.run('asked', kind, [inside.file(program), scenario]), scenario).toMatchObject(WELL);
  },
  120_000,
);

const hasValgrind = spawnSync('valgrind', ['--version']).status === 0;

test.runIf(hasValgrind)(
  'nothing is found by valgrind (where it is installed)',
  async () => {
    await using inside = await ShimBench.make(['sockets', 'families', 'moments'], ['-g']);
    const valgrind = ['valgrind', '-q', '--error-exitcode=99', '--trace-children=yes', '--track-fds=no'];
    for (const [kind, program, scenario] of TELLING.slice(0, 6))
      expect(
        await inside.run('asked', kind, [...valgrind, inside.file(program), scenario]),
        scenario,
      ).toMatchObject(WELL);
  },
  120_000,
);
