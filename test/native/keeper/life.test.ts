import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, collect } from './bench.ts';
import { expectClean } from './expect-clean.ts';

describe('the life of the keeper', () => {
  let bench: Bench;
  let ready: string;
  beforeAll(async () => {
    bench = await Bench.make(['ready', 'restarts'], ['dodger']);
    ready = bench.path('scenario-ready');
  });
  afterAll(async () => bench[Symbol.asyncDispose]());

  const shell = (script: string): string[] => ['--', '/bin/sh', '-c', script];
  const keeper = (...args: readonly string[]): string[] => [bench.path('keeper'), ...args];

  it('starts archond again at once, then after growing delays, and anew after a second of answering', async () => {
    const outcome = await bench.run({ scenario: 'restarts', args: [`${await bench.shared()}/times`] });
    expectClean(bench, outcome);
  });

  it('ends with the code of an archond that ends before it is ready', async () => {
    const runtime = await bench.shared();
    const ended = await collect(keeper('--runtime', runtime, ...shell('exit 9')));
    expect(ended).toEqual({ code: 9, text: 'keeper: archond ended with code 9\n' });
    expect(await readdir(runtime)).toEqual([]);
  });

  it('says so where archond cannot be run at all', async () => {
    const runtime = await bench.shared();
    const ended = await collect(keeper('--runtime', runtime, '--', '/nosuch/archond'));
    expect(ended.code).toBe(127);
    expect(ended.text).toContain('cannot run /nosuch/archond: No such file or directory');
  });

  it.each([
    [['--runtime', 'somewhere'], 'the path somewhere must be absolute'],
    [[], 'the keeper needs --runtime DIR'],
    [['--runtime'], "the keeper's option --runtime needs a value"],
    [
      ['--runtime', '/nosuch/folder'],
      'cannot open the runtime folder /nosuch/folder: No such file or directory',
    ],
    [['--nosuch', '1'], 'the keeper has no such option: --nosuch'],
    [
      ['--runtime', '/', '--lock', '/nosuch/lock'],
      'cannot open the lock /nosuch/lock: No such file or directory',
    ],
  ])('refuses %j with a sentence', async (args, sentence) => {
    const ended = await collect(keeper(...args, ...shell('exit 9')));
    expect(ended).toEqual({ code: 1, text: `archond: ${sentence}\n` });
  });

  it('gives archond nothing but its channel, and a session of its own', async () => {
    const runtime = await bench.shared();
    const script =
      'ls /proc/self/fd | tr "\\n" " "; echo $ARCHON_KEEPER_FD; ps -o sid= -p $$ | tr -d " "; echo $$; exit 4';
    const inherited = [
      'sh',
      '-c',
      'exec 7</dev/null 9</dev/null; exec "$0" "$@"',
      ...keeper('--runtime', runtime),
    ];
    const ended = await collect([...inherited, ...shell(script)], { ARCHON_KEEPER_FD: '77' });
    const [descriptors, session, pid] = ended.text.split('\n');
    expect(descriptors).toMatch(/^0 1 2 3 4 3$/); // 4: the folder that ls reads
    expect(session).toBe(pid);
  });

  it('works where its standard descriptors are closed', async () => {
    const runtime = await bench.shared();
    const command = keeper('--runtime', runtime, '--log', `${runtime}/log`, ...shell('exit 6'));
    expect((await collect(['sh', '-c', 'exec "$0" "$@" <&- >&- 2>&-', ...command])).code).toBe(6);
  });

  it('quits with the code that it is told, and leaves no process, no cgroup and no table', async () => {
    const runtime = await bench.shared();
    const child = spawn(bench.path('keeper'), ['--runtime', runtime, '--', ready, bench.path('dodger')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const started = JSON.parse(await firstLine(child.stderr)) as { keeper: number; cgroup_root: string };
    expect(started.keeper).toBe(child.pid);
    expect(await readdir(runtime)).toEqual(['table']);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([5, null]);
    expect(bench.leftOver()).toEqual([]);
    expect(await readdir(runtime)).toEqual([]);
    expect(started.cgroup_root !== '' && existsSync(started.cgroup_root)).toBe(false);
  });

  it('goes to the background once archond answers, and is refused a second time while it runs', async () => {
    const runtime = await bench.shared();
    const locks = ['--lock', `${runtime}/one`, '--lock', `${runtime}/two`];
    const log = path.join(runtime, 'log');
    const begin = (folder: string): string[] =>
      keeper('--runtime', folder, ...locks, '--background', '--log', log, '--', ready);
    // Into a file: archond goes on with the standard error that it was started with.
    const began = await collect(['sh', '-c', 'exec "$0" "$@" 2>began', ...begin(runtime)], {}, runtime);
    expect(began.code).toBe(0);
    const pid = Number(/"keeper":(\d+)/.exec(await readFile(`${runtime}/began`, 'utf8'))?.[1]);
    expect(await readFile(`${runtime}/one`, 'utf8')).toBe(`${pid}\n`);

    await mkdir(`${runtime}/other`);
    const refused = await collect(begin(`${runtime}/other`));
    const sentence = `archond: another supervisor (process ${pid}) holds ${runtime}/one\n`;
    expect(refused).toEqual({ code: 1, text: sentence });

    process.kill(pid, 'SIGTERM');
    await until(async () => !(await readdir(runtime)).includes('table'));
    await until(() => bench.leftOver().length === 0);
    expect((await readdir(runtime)).sort()).toEqual(['began', 'log', 'other']);
  });

  it('goes not to the background where archond never answers, and passes its code on', async () => {
    const runtime = await bench.shared();
    const ended = await collect(keeper('--runtime', runtime, '--background', ...shell('exit 8')));
    expect(ended.code).toBe(8);
    await until(() => bench.leftOver().length === 0);
  });

  it('ends by SIGTERM where archond does not come up', async () => {
    const runtime = await bench.shared();
    const args = ['--runtime', runtime, '--', '/bin/sh', '-c', 'echo here >&2; exec sleep 1000'];
    const child = spawn(bench.path('keeper'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    expect(await firstLine(child.stderr)).toBe('here');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([143, null]);
    expect(await readdir(runtime)).toEqual([]);
  });
});

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const some of stream) {
    text += String(some);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

/** Asks again after each turn of the loop; the test's own limit of time ends it. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
