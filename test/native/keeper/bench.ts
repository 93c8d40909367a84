import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, cc, filesIn, productTargets, sanitizedTargets } from '../../../scripts/native.mjs';
import { scaled as scaledNumber } from '../../support/scale.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const HERE = 'test/native/keeper';
const FLAGS = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Inative'];
/** An ordinary user of whom nothing else runs, so that limits of processes count ours only. */
export const ORDINARY_USER = 61_234;

/** How the keeper ended, and what it and the test program wrote. */
export interface Outcome {
  readonly code: number | null;
  readonly text: string;
  /** The last line of JSON that the test program wrote. */
  readonly report: Readonly<Record<string, unknown>>;
  /** The runtime folder's files afterwards. */
  readonly left: readonly string[];
}

export interface Run {
  /** A program of scenarios/, started by the keeper in archond's place. */
  readonly scenario: string;
  readonly args?: readonly string[];
  readonly tree?: 'cgroup' | 'minder';
  readonly env?: Readonly<Record<string, string>>;
  /** Further options of the keeper. */
  readonly options?: readonly string[];
  /** Not as root, where the test itself is. */
  readonly ordinary?: boolean;
  /** Which keeper, and what it is run by; `RUNTIME` in these words and in `args` is the runtime folder. */
  readonly keeper?: readonly string[];
}

/** A number that follows the scale; at least 20. */
export function scaled(count: number): string {
  return String(scaledNumber(count, 20));
}

export const isRoot = process.getuid?.() === 0;

/**
 * A folder with a keeper, and test programs compiled into it. Everything that runs in a test has its
 * program here; so what is left over can be found, whatever it did to hide.
 */
export class Bench implements AsyncDisposable {
  readonly folder: string;
  /** Whether trees can be made of cgroups here, by this user or for an ordinary one. */
  cgroups = false;
  #runs = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** With these programs of scenarios/ and fixtures/, which stand in the folder as `scenario-NAME` and `NAME`. */
  static async make(scenarios: readonly string[], fixtures: readonly string[]): Promise<Bench> {
    await build((await productTargets()).filter((target) => target.name === 'keeper'));
    const bench = new Bench(await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-keeper-')));
    try {
      await bench.#fill(scenarios, fixtures);
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #fill(scenarios: readonly string[], fixtures: readonly string[]): Promise<void> {
    await chmod(this.folder, 0o755);
    await copyFile(path.join(ROOT, 'build/native/keeper'), this.path('keeper'));
    const library = await this.#compileLibrary();
    await Promise.all([
      ...scenarios.map(async (name) => this.#compileScenario(name, library)),
      ...fixtures.map(async (name) => this.#compileFixture(name)),
    ]);
    const trial = ['--runtime', this.folder, '--tree', 'cgroup', '--', '/bin/sh', '-c', 'exit 3'];
    this.cgroups = (await collect([this.path('keeper'), ...trial])).code === 3;
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** Adds the keeper under the sanitizers; returns its path. */
  async sanitizedKeeper(): Promise<string> {
    await build(await sanitizedTargets());
    await copyFile(path.join(ROOT, 'build/native/keeper-asan'), this.path('keeper-asan'));
    return this.path('keeper-asan');
  }

  /** Adds a keeper that is linked dynamically, which a checker of memory can look into; returns its path. */
  async plainKeeper(): Promise<string> {
    await this.#compile('keeper-plain', await filesIn('native/keeper', '.c'), []);
    return this.path('keeper-plain');
  }

  /** Adds a keeper whose calls can be made to fail (lib/faults.h); returns its path. */
  async failingKeeper(): Promise<string> {
    const faults = `${HERE}/faults/faults.c`;
    const calls = [...(await readFile(path.join(ROOT, faults), 'utf8')).matchAll(/__wrap_(\w+)\(/g)];
    const wraps = [...new Set(calls.map(([, call = '']) => `-Wl,--wrap=${call}`))];
    await this.#compile('keeper-failing', [...(await filesIn('native/keeper', '.c')), faults], wraps);
    return this.path('keeper-failing');
  }

  async #compileFixture(name: string): Promise<void> {
    const flags = name === 'idle' ? ['-static', '-nostdlib', '-fno-stack-protector'] : ['-static'];
    await this.#compile(name, [`${HERE}/fixtures/${name}.c`], flags);
  }

  /** scenarios/NAME.c with its parts, NAME-….c, and the library. */
  async #compileScenario(name: string, library: readonly string[]): Promise<void> {
    const parts = (await filesIn(`${HERE}/scenarios`, '.c')).filter((file) => {
      const base = path.basename(file, '.c');
      return base === name || base.startsWith(`${name}-`);
    });
    await this.#compile(`scenario-${name}`, [...parts, ...library], []);
  }

  async #compileLibrary(): Promise<string[]> {
    const sources = await filesIn(`${HERE}/lib`, '.c');
    return Promise.all(
      sources.map(async (file) => this.#compile(`${path.basename(file)}.o`, [file], ['-c'])),
    );
  }

  async #compile(name: string, sources: readonly string[], flags: readonly string[]): Promise<string> {
    const { code, output } = await cc([...FLAGS, ...flags, ...sources, '-o', this.path(name)]);
    if (code !== 0 || output !== '') throw new Error(output);
    return this.path(name);
  }

  /** A new folder in which everybody may write. */
  async shared(): Promise<string> {
    const folder = this.path(`shared-${++this.#runs}`);
    await mkdir(folder);
    await chmod(folder, 0o777);
    return folder;
  }

  /** Runs a keeper with a test program to their end, and kills what is left after that. */
  async run(run: Run): Promise<Outcome> {
    const runtime = await this.shared();
    const program = this.path(`scenario-${run.scenario}`);
    const lock = ['--lock', path.join(runtime, 'lock')];
    const tree = run.tree === undefined ? [] : ['--tree', run.tree];
    const inRuntime = (words: readonly string[]): string[] =>
      words.map((word) => word.replace(/^RUNTIME(?=\/|$)/, runtime));
    const by = inRuntime(run.keeper ?? [this.path('keeper')]);
    const keeper = [...by, '--runtime', runtime, ...lock, ...tree];
    const args = inRuntime(run.args ?? []);
    const command = [...keeper, ...(run.options ?? []), '--', program, ...args];
    using user = run.ordinary === true && isRoot ? new OrdinaryUser(run.tree === 'cgroup') : undefined;
    const { code, text } = await collect(user === undefined ? command : user.command(command), run.env ?? {});
    const line = text.split('\n').findLast((some) => some.startsWith('{'));
    const report = line === undefined ? {} : (JSON.parse(line) as Record<string, unknown>);
    return { code, text, report, left: await readdir(runtime) };
  }

  /** Pids of processes whose program, or what is said to it, lies in this folder. */
  leftOver(): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && wordsOf(pid).includes(`${this.folder}/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.leftOver();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await rm(this.folder, { recursive: true });
    if (left.length > 0) throw new Error(`processes were left over: ${left.join(', ')}`);
  }
}

/** The path of its program, whatever it calls itself, and its words. */
function wordsOf(pid: number): string {
  try {
    return `${readlinkSync(`/proc/${pid}/exe`)} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1')}`;
  } catch {
    return ''; // gone, or somebody else's
  }
}

/** Runs a command without input; standard output and error together. */
export async function collect(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = '/',
): Promise<{ code: number | null; text: string }> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const seed = process.env['SEED'];
    const child = spawn(program, args, {
      cwd,
      env: { PATH: process.env['PATH'], ...(seed === undefined ? {} : { SEED: seed }), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (some: string) => (text += some));
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

/** Where cgroups of version 2 are mounted, or undefined. */
async function cgroupMount(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(mounts)?.[1];
}

export const CGROUPS = isRoot ? await cgroupMount() : undefined;

/** Runs commands as an ordinary user, in a cgroup that was given to it, where that is wanted. */
class OrdinaryUser implements Disposable {
  readonly #cgroup: string | undefined;

  constructor(delegated: boolean) {
    if (!delegated || CGROUPS === undefined) return;
    this.#cgroup = path.join(CGROUPS, `archon-test-${process.pid}-${process.hrtime.bigint()}`);
    mkdirSync(this.#cgroup);
    for (const name of ['.', 'cgroup.procs', 'cgroup.subtree_control']) {
      chownSync(path.join(this.#cgroup, name), ORDINARY_USER, ORDINARY_USER);
    }
  }

  command(command: readonly string[]): string[] {
    const user = String(ORDINARY_USER);
    const become = ['setpriv', '--reuid', user, '--regid', user, '--clear-groups', '--', ...command];
    if (this.#cgroup === undefined) return become;
    return ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', this.#cgroup, ...become];
  }

  [Symbol.dispose](): void {
    if (this.#cgroup !== undefined) rmdirSync(this.#cgroup);
  }
}
