import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { createConnection } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { environmentOf, isAlive, processesWith } from './processes.ts';

/** The folder of this project. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** nobody's number where tests that run as root need an ordinary user. */
export const ORDINARY_UID = 65_534;

/** Keepers that run: those of a test that was given up must not stay when the tests are over. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const keeper of running) {
    /* The second one ends all patience. */
    keeper.kill('SIGTERM');
    keeper.kill('SIGINT');
  }
});
/* By this the runner ends its processes. */
process.once('SIGTERM', () => process.exit());

/** How a supervisor under test is started. */
export interface SupervisorOptions {
  readonly tree?: 'cgroup' | 'minder';
  /** As this user (root only). */
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The most descriptors that it may have open. */
  readonly descriptors?: number;
  readonly args?: readonly string[];
  /** What its configuration says; it lies in the folder. */
  readonly config?: string;
  /** Its rules: texts by the names of the files, in the folder `rules`. */
  readonly rules?: Readonly<Record<string, string>>;
  /** Others may pass through its folder, and so reach the socket. */
  readonly isOpen?: boolean;
}

/**
 * A real supervisor in a folder of its own, in the foreground. Disposing stops it and checks that it
 * left nothing: no process, no cgroup, no table, no socket.
 */
export class TestSupervisor implements AsyncDisposable {
  readonly folder: string;
  readonly socket: string;
  readonly #child: ChildProcess;
  readonly #options: SupervisorOptions;
  readonly #ended: Promise<number>;
  #stderr = '';
  #readyCount = 0;
  #isKilled = false;
  readonly #waiting = new Set<() => void>();

  private constructor(folder: string, child: ChildProcess, options: SupervisorOptions) {
    this.folder = folder;
    this.#options = options;
    this.socket = path.join(folder, 'archon.sock');
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      running.add(child);
      child.once('exit', (code, signal) => {
        running.delete(child);
        resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGKILL']);
        this.#wake();
      });
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#readyCount = this.#stderr.split('"msg":"ready"').length - 1;
      this.#wake();
    });
  }

  /** Starts one and waits until it answers. */
  static async start(options: SupervisorOptions = {}): Promise<TestSupervisor> {
    return TestSupervisor.#startIn(
      await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-test-')),
      options,
    );
  }

  /** Starts another one, like this one if nothing else is said, in its folder, when this one has ended. */
  async again(options: SupervisorOptions = this.#options): Promise<TestSupervisor> {
    await this.#ended;
    return TestSupervisor.#startIn(this.folder, options);
  }

  /** Another one, like this one, in its folder, when this one has ended; it is not waited for until it answers. */
  async follow(): Promise<TestSupervisor> {
    await this.#ended;
    return TestSupervisor.#launchIn(this.folder, this.#options);
  }

  static async #startIn(folder: string, options: SupervisorOptions): Promise<TestSupervisor> {
    const started = await TestSupervisor.#launchIn(folder, options);
    await started.untilReady(1);
    return started;
  }

  static async #launchIn(folder: string, options: SupervisorOptions): Promise<TestSupervisor> {
    const home = options.uid === undefined ? ROOT : await publicCopy(folder, options.uid);
    const args = [
      '--foreground',
      '--socket',
      path.join(folder, 'archon.sock'),
      '--state',
      path.join(folder, 'state'),
    ];
    if (options.isOpen === true) await chmod(folder, 0o711);
    if (options.config !== undefined) {
      const file = path.join(folder, 'archon.yaml');
      await writeFile(file, options.config);
      args.push('--config', file);
    }
    if (options.rules !== undefined) {
      const rules = path.join(folder, 'rules');
      await mkdir(rules, { recursive: true });
      for (const [name, text] of Object.entries(options.rules)) await writeFile(path.join(rules, name), text);
      args.push('--rules', rules);
    }
    if (options.tree !== undefined) args.push('--tree', options.tree);
    const limit = options.descriptors === undefined ? '' : `ulimit -n ${options.descriptors}; `;
    const command = [
      `${limit}exec "$0" "$@"`,
      path.join(home, 'bin/archond'),
      ...args,
      ...(options.args ?? []),
    ];
    const child = spawn('/bin/sh', ['-c', ...command], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: undefined, ...options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    return new TestSupervisor(folder, child, options);
  }

  /** The keeper: the process that was started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** All that it has logged. */
  get log(): string {
    return this.#stderr;
  }

  /** Resolves when the deciding part has come up so often. */
  async untilReady(times: number): Promise<void> {
    await this.untilLog(() => this.#readyCount >= times, `ready ${times} times`);
  }

  /** How often the deciding part has come up. */
  get readyCount(): number {
    return this.#readyCount;
  }

  /** Resolves when the log fulfils the condition; rejects when the supervisor ends before. */
  async untilLog(isSo: (log: string) => boolean, what: string): Promise<void> {
    while (!isSo(this.#stderr)) {
      const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (isOver && !this.#isKilled) {
        throw new Error(`the supervisor ended while it was waited for (${what}):\n${this.#stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Sends lines, says that no more will come, and returns all lines of the answer. */
  async ask(...lines: readonly string[]): Promise<string[]> {
    return askAt(this.socket, ...lines);
  }

  /** The process of the deciding part. */
  async decidingPid(): Promise<number> {
    const children = await readFile(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    for (const child of children
      .split(' ')
      .filter((text) => text !== '')
      .map(Number)) {
      const words = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
      /* Minders have the keeper's own command line, in which this is an argument. */
      if (words.includes('archond/decide.cjs') && !words.startsWith('archon-keeper')) return child;
    }
    throw new Error('there is no deciding part');
  }

  /** Kills the deciding part and waits until its successor answers. `meanwhile` runs while it is away. */
  async killDeciding(meanwhile: () => void = () => undefined): Promise<void> {
    const count = this.#readyCount;
    process.kill(await this.decidingPid(), 'SIGKILL');
    meanwhile();
    await this.untilReady(count + 1);
  }

  /** Kills the keeper alone; what it ran is for `again` to find. */
  async killKeeper(): Promise<void> {
    this.#isKilled = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Kills the keeper and the deciding part, and waits until both are gone; what they ran is for `again` to find. */
  async killAll(): Promise<void> {
    const deciding = await this.decidingPid();
    this.#isKilled = true;
    this.#child.kill('SIGKILL');
    process.kill(deciding, 'SIGKILL');
    await this.#ended;
    await expect.poll(() => isAlive(deciding), { interval: 5 }).toBe(false);
  }

  /** Waits for the end; returns the exit code. */
  async ended(): Promise<number> {
    return this.#ended;
  }

  /** Sends a signal to the process that was started. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    /* The one that was started again in its folder looks after what is left. */
    if (this.#isKilled) return;
    const isUp = this.#child.exitCode === null && this.#child.signalCode === null;
    if (isUp) this.#child.kill('SIGTERM');
    const code = await this.#ended;
    const left = await this.#left();
    await rm(this.folder, { recursive: true, force: true });
    expect(left, this.#stderr).toEqual([]);
    if (isUp) expect(code, this.#stderr).toBe(0);
  }

  /** What is there of it that should not be. */
  async #left(): Promise<string[]> {
    const files = (await readdir(this.folder).catch(() => [])).filter(
      (name) => !['state', 'home', 'out', 'journal', 'archon.yaml', 'rules'].includes(name),
    );
    const ours = processesWith('ARCHON_SOCKET', this.socket).filter(isAlive);
    const processes = ours.map((pid) => `process ${pid}: ${environmentOf(pid).get('ARCHON_LABEL') ?? ''}`);
    return [...files, ...processes, ...cgroupsHolding(this.pid)];
  }
}

/** Sends lines to a socket, says that no more will come, and returns all lines of the answer. */
export async function askAt(socket: string, ...lines: readonly string[]): Promise<string[]> {
  const connection = createConnection(socket);
  connection.setEncoding('latin1');
  let answer = '';
  connection.on('data', (text: string) => (answer += text));
  const closed = once(connection, 'close');
  connection.end(lines.map((line) => `${line}\n`).join(''), 'latin1');
  await closed;
  return answer.split('\n').slice(0, -1);
}

/** Roots of trees that a keeper made and did not remove; recognized by the keeper's leaf being empty. */
function cgroupsHolding(pid: number): string[] {
  const found = spawnSync('grep', ['-rlx', String(pid), '/sys/fs/cgroup', '--include=cgroup.procs'], {
    encoding: 'utf8',
  });
  return found.stdout.split('\n').filter((line) => line.includes('archon-'));
}

/** What has to be readable by another user, in the folder of the test: what an installed package holds. */
async function publicCopy(folder: string, uid: number): Promise<string> {
  const home = path.join(folder, 'home');
  if (existsSync(home)) return home;
  await mkdir(home);
  for (const name of ['bin', 'dist', 'build/native', 'package.json']) {
    await cp(path.join(ROOT, name), path.join(home, name), { recursive: true });
  }
  await chown(folder, uid, uid);
  return home;
}
