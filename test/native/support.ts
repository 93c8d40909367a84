import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Result } from '../../src/base/result.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HELPER = 'build/native/helper.node';
const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));

/** How a child ended, and what it wrote to standard output and error. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A test's own folder; it is removed in the end, and the children that were started in it are killed. */
export class Folder implements AsyncDisposable {
  readonly path: string;
  readonly #children = new Set<ChildProcess>();

  private constructor(folder: string) {
    this.path = folder;
  }

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-native-')));
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Compiles fixtures/NAME.c; returns the program. */
  async compile(name: string): Promise<string> {
    const program = this.file(name);
    const source = path.join(FIXTURES, `${name}.c`);
    const ended = await this.run('cc', [
      '-O1',
      '-Wall',
      '-Wextra',
      `-I${ROOT}/native/keeper`,
      source,
      '-o',
      program,
    ]);
    if (ended.code !== 0) throw new Error(ended.stderr);
    return program;
  }

  /** Bundles fixtures/NAME.ts with the sources that it imports; returns a file that node runs. */
  async bundle(name: string): Promise<string> {
    // From a folder of `dist` beside `build` the helper is found as programs find it. A copy, which other users can read.
    for (const name of ['dist/fixture', 'build/native']) await mkdir(this.file(name), { recursive: true });
    await copyFile(path.join(ROOT, HELPER), this.file(HELPER));
    const outfile = this.file(`dist/fixture/${name}.mjs`);
    const options = [
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--log-level=error',
      `--outfile=${outfile}`,
    ];
    const esbuild = path.join(ROOT, 'node_modules/.bin/esbuild');
    const ended = await this.run(esbuild, [path.join(FIXTURES, `${name}.ts`), ...options]);
    if (ended.code !== 0) throw new Error(ended.stderr);
    return outfile;
  }

  /** A child; `stdio` as for `spawn`. */
  start(
    command: string,
    args: readonly string[],
    stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
  ): ChildProcess {
    const child: ChildProcess = spawn(command, args, { cwd: this.path, stdio });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  /** Runs a command to its end. */
  async run(command: string, args: readonly string[]): Promise<Ended> {
    const child = this.start(command, args);
    const text = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (some: string) => (text.stdout += some));
    child.stderr?.setEncoding('utf8').on('data', (some: string) => (text.stderr += some));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return { code, signal, ...text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      const isClosed = once(child, 'close');
      child.kill('SIGKILL');
      for (const stream of child.stdio) stream?.destroy();
      await isClosed;
    }
    await rm(this.path, { recursive: true });
  }
}

/** What each open descriptor of this process stands for, without those that looking opens. */
export function openDescriptors(): Map<number, string> {
  const open = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      open.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // It was the one through which the folder was read.
    }
  }
  return open;
}

/** The value of a call that has to succeed. */
export function value<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`a call failed: ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The code of a call that has to fail. */
export function codeOf(result: Result<unknown, { readonly code: string }>): string {
  if (result.ok) throw new Error('a call was to fail, and did not');
  return result.error.code;
}

/** While a child runs to its end, this process has mostly nothing to do: its loop does not spin. */
export async function loopIsIdle(folder: Folder): Promise<boolean> {
  const before = performance.eventLoopUtilization();
  await folder.run(process.execPath, ['-e', '0']);
  return performance.eventLoopUtilization(before).utilization < 0.9;
}

/** Waits until the condition holds, looking anew at each turn of the loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((go) => setImmediate(go));
}
