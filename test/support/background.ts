import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { TABLE } from '../../src/sys/keeper-layout.ts';
import { contentOf, untilFile } from './files.ts';
import { environmentOf, isAlive, processesWith } from './processes.ts';
import { askAt, ROOT } from './supervisor.ts';

/** How one is started. */
export interface BackgroundOptions {
  readonly tree?: 'cgroup' | 'minder';
  readonly config?: string;
}

/** What may be in its folder when it has ended; `out` is for what a test puts there. */
const FILES = ['archon.yaml', 'journal', 'out', 'state'];

/**
 * A real supervisor in the background, in a folder of its own: whoever started it has gone, so that archond itself has to see
 * to a keeper where that dies. Disposing ends it and checks that it left nothing: no process, no cgroup, no file.
 */
export class BackgroundSupervisor implements AsyncDisposable {
  readonly folder: string;
  readonly socket: string;
  readonly #options: BackgroundOptions;

  private constructor(folder: string, options: BackgroundOptions) {
    this.folder = folder;
    this.socket = path.join(folder, 'archon.sock');
    this.#options = options;
  }

  /** Starts one; it answers by then. */
  static async start(options: BackgroundOptions = {}): Promise<BackgroundSupervisor> {
    const folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-test-'));
    const { config } = options;
    if (config !== undefined) await writeFile(path.join(folder, 'archon.yaml'), config);
    const supervisor = new BackgroundSupervisor(folder, options);
    await supervisor.#launch();
    return supervisor;
  }

  async #launch(): Promise<void> {
    const { tree, config } = this.#options;
    const args = ['--socket', this.socket, '--state', path.join(this.folder, 'state')];
    if (tree !== undefined) args.push('--tree', tree);
    if (config !== undefined) args.push('--config', path.join(this.folder, 'archon.yaml'));
    const env = { ...process.env, NODE_OPTIONS: undefined };
    const child = spawn(path.join(ROOT, 'bin/archond'), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, said]).toEqual([0, expect.anything()]);
  }

  /** The keeper that there is, or was last. */
  get keeper(): number {
    return Number(contentOf(path.join(this.folder, 'lock')));
  }

  /** The process of the deciding part. */
  get deciding(): number {
    const { keeper } = this;
    const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').split(' ').map(Number);
    const found = children.find((pid) => {
      const words = pid === 0 ? '' : (contentOf(`/proc/${pid}/cmdline`) ?? '');
      /* Minders have the keeper's own command line, in which this is an argument. */
      return words.includes('archond/decide.cjs') && !words.startsWith('archon-keeper');
    });
    if (found === undefined) throw new Error('there is no deciding part');
    return found;
  }

  /** All that it has logged. */
  get log(): string {
    return contentOf(this.#logFile) ?? '';
  }

  get #logFile(): string {
    return path.join(this.folder, 'state/log/archond.log');
  }

  /** How often the deciding part has come up. */
  get readyCount(): number {
    return readyIn(this.log);
  }

  /** Resolves when the deciding part has come up so often. */
  async untilReady(times: number): Promise<void> {
    await untilFile(this.#logFile, (log) => readyIn(log) >= times);
  }

  async ask(...lines: readonly string[]): Promise<string[]> {
    return askAt(this.socket, ...lines);
  }

  /** Kills the keeper and waits until archond, which becomes the next one, has an archond that answers. */
  async killKeeper(): Promise<void> {
    const { readyCount, keeper } = this;
    process.kill(keeper, 'SIGKILL');
    await this.untilReady(readyCount + 1);
    expect(this.keeper).not.toBe(keeper);
  }

  /** Kills the keeper and archond, and starts another supervisor in the folder. */
  async killBoth(): Promise<void> {
    const { keeper, deciding } = this;
    process.kill(keeper, 'SIGKILL');
    process.kill(deciding, 'SIGKILL');
    await expect.poll(() => isAlive(keeper) || isAlive(deciding), { interval: 5 }).toBe(false);
    await this.#launch();
  }

  /** Processes that it has started and that have not ended, with the label of each. */
  get processes(): readonly { readonly pid: number; readonly label: string }[] {
    return processesWith('ARCHON_SOCKET', this.socket)
      .filter(isAlive)
      .map((pid) => ({ pid, label: environmentOf(pid).get('ARCHON_LABEL') ?? '' }));
  }

  /** The folder of its trees; empty where they are no cgroups. */
  get #cgroups(): string {
    const bytes = Buffer.alloc(TABLE.CGROUP_ROOT_BYTES);
    const file = openSync(path.join(this.folder, 'table'), 'r');
    readSync(file, bytes, 0, bytes.length, TABLE.cgroupRoot);
    closeSync(file);
    return bytes.toString().replace(/\0.*$/s, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const cgroups = this.#cgroups;
    const { keeper } = this;
    const answer = await this.ask('Shutdown').catch(() => []);
    if (answer.at(-1) !== 'Ok') {
      process.kill(keeper, 'SIGTERM');
      process.kill(keeper, 'SIGINT');
    }
    await expect.poll(() => isAlive(keeper)).toBe(false);
    const { processes, log } = this;
    const files = readdirSync(this.folder).filter((name) => !FILES.includes(name));
    await rm(this.folder, { recursive: true });
    const left = { processes, files, hasCgroups: cgroups !== '' && existsSync(cgroups) };
    expect(left, log).toEqual({ processes: [], files: [], hasCgroups: false });
  }
}

function readyIn(log: string): number {
  return log.split('"msg":"ready"').length - 1;
}
