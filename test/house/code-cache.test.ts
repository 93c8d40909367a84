import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT, TempProject } from './temp-project.ts';

/** A bundle in the form of scripts/bundle.mjs that says a word. */
function bundle(word: string): string {
  const text = `(function (require, __dirname) { function say() { console.log('${word}'); } say(); })\n`;
  return `// ${createHash('sha256').update(text).digest('hex').slice(0, 60)}\n${text}`;
}

describe('a program and its code cache', () => {
  let project: TempProject;
  beforeEach(async () => {
    project = await TempProject.make();
    await project.write('dist/p.bundle.cjs', bundle('one'));
    await cp(path.join(ROOT, 'scripts/loader.cjs'), project.path('dist/p.cjs'));
  });
  afterEach(async () => project[Symbol.asyncDispose]());

  const run = async (...flags: string[]) => project.run(process.execPath, [...flags, 'dist/p.cjs']);
  const said = (word: string) => ({ code: 0, stdout: `${word}\n`, stderr: '' });

  /** Runs the program under the recorder, which leaves a cache, and puts the loader back. */
  async function makeCache(): Promise<void> {
    await cp(path.join(ROOT, 'scripts/recorder.cjs'), project.path('dist/p.cjs'));
    expect(await run()).toEqual(said('one'));
    await cp(path.join(ROOT, 'scripts/loader.cjs'), project.path('dist/p.cjs'));
    expect((await stat(project.path('dist/p.cache'))).size).toBeGreaterThan(64);
  }

  it('run alike without one, with one, and with one of other flags of the engine', async () => {
    expect(await run()).toEqual(said('one'));
    await makeCache();
    expect(await run()).toEqual(said('one'));
    expect(await run('--no-opt')).toEqual(said('one'));
  });

  it('are told apart by content: the cache of another bundle as long is not used', async () => {
    await makeCache();
    await project.write('dist/p.bundle.cjs', bundle('two'));
    expect(await run()).toEqual(said('two'));
  });

  it.each([
    ['is cut', 200],
    ['ends within its stamp', 20],
    ['is empty', 0],
  ])('run without it where it %s', async (_how, length) => {
    await makeCache();
    await truncate(project.path('dist/p.cache'), length);
    expect(await run()).toEqual(said('one'));
  });

  it('run without it where it holds something else behind its stamp', async () => {
    await makeCache();
    const bytes = await readFile(project.path('dist/p.cache'));
    await writeFile(project.path('dist/p.cache'), bytes.fill('x', 64));
    expect(await run()).toEqual(said('one'));
  });

  it('write nothing, with a cache or without one', async () => {
    const look = async () => {
      const names = ['dist', ...(await readdir(project.path('dist'))).map((name) => `dist/${name}`)];
      return Promise.all(names.map(async (name) => [name, (await stat(project.path(name))).mtimeMs]));
    };
    for (const prepare of [async () => Promise.resolve(), makeCache]) {
      await prepare();
      const before = await look();
      expect(await run()).toEqual(said('one'));
      expect(await look()).toEqual(before);
    }
  });
});

describe('the programs of this clone', () => {
  /** Whether the engine takes the cache of a program, under the flags that the program is started with. */
  async function isTaken(program: string, flags: readonly string[]): Promise<string> {
    const script =
      "const [source, cache] = ['bundle.cjs', 'cache'].map((end) => require('fs').readFileSync(`${process.argv[1]}.${end}`));" +
      'const { cachedDataRejected } = new (require("vm").Script)(source.toString(), { cachedData: cache.subarray(64) });' +
      'console.log(`${cachedDataRejected} ${source.subarray(0, 64).equals(cache.subarray(0, 64))}`);';
    const child = spawn(process.execPath, [...flags, '-e', script, path.join(ROOT, 'dist', program)], {
      env: { ...process.env, NODE_OPTIONS: undefined },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const some of child.stdout.setEncoding('utf8')) text += String(some);
    return text;
  }

  it.each([
    ['archonctl/main', ['--no-rehash-snapshot']],
    ['archond/decide', ['--max-semi-space-size=1', '--v8-pool-size=1']],
  ])('%s has a cache that its engine takes', async (program, flags) => {
    expect(existsSync(path.join(ROOT, `dist/${program}.cache`))).toBe(true);
    expect(await isTaken(program, flags)).toBe('false true\n');
    expect(await isTaken(program, [...flags, '--no-opt'])).toBe('true true\n');
  });
});
