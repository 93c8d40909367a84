import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Journal } from '../../src/journal/journal.ts';
import type { Report } from '../../src/journal/health.ts';
import type { Found } from '../../src/journal/opening.ts';
import type { Limits } from '../../src/journal/stores.ts';
import { realFiles } from '../../src/sys/real/files.ts';
import type { Sys } from '../../src/sys/sys.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a journal needs of the real system. */
export const realParts: Pick<Sys, 'files' | 'clock' | 'timers' | 'chance'> = {
  files: realFiles,
  clock: {
    monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
    realtimeNs: () => BigInt(Date.now()) * 1_000_000n,
  },
  timers: {
    at: (_, action) => {
      const immediate = setImmediate(action);
      return () => clearImmediate(immediate);
    },
  },
  chance: Math.random,
};

/** A folder of the test's own in the real file system, with a journal in it. */
export class RealWorld implements Disposable {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'archon-journal-'));
  readonly reports: Report[] = [];
  readonly #descriptors = openFiles();
  readonly #unmount: (() => void)[] = [];

  /** Opens the journal, in `<folder>/state` and `<folder>/runtime`. */
  open(limits: Partial<Limits> = {}, bootId = 'boot'): { readonly journal: Journal; readonly found: Found } {
    return Journal.open({
      sys: realParts,
      dir: path.join(this.folder, 'state'),
      fallbackDir: path.join(this.folder, 'runtime'),
      bootId,
      limits,
      told: (report) => this.reports.push(report),
    });
  }

  /** Mounts a file system of this size in a folder; false where that is not allowed here. */
  mount(name: string, sizeBytes: number): boolean {
    const target = path.join(this.folder, name);
    try {
      execFileSync('mkdir', ['-p', target]);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'none', target], {
        stdio: 'ignore',
      });
    } catch {
      return false;
    }
    this.#unmount.push(() => execFileSync('umount', ['-l', target]));
    return true;
  }

  /** Files below the folder that this process has open and had not before. */
  leaks(): string[] {
    return openFiles().filter((file) => file.startsWith(this.folder) && !this.#descriptors.includes(file));
  }

  [Symbol.dispose](): void {
    for (const unmount of this.#unmount) unmount();
    rmSync(this.folder, { recursive: true });
  }
}

/** The writer of the fixtures as a process of its own. */
export class Writer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @param program the bundle; @param blocks the largest file that it may write, in KiB */
  constructor(program: string, folder: string, blocks?: number) {
    const limit = blocks === undefined ? '' : `ulimit -f ${blocks};`;
    const command = `${limit} exec "$0" "$1" "$2" boot`;
    this.#child = spawn('bash', ['-c', command, process.execPath, program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('the writer has no output');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line that it tells; undefined when it has ended and there is none. */
  async line(): Promise<string | undefined> {
    const next = await this.#lines.next();
    return next.done === true ? undefined : next.value;
  }

  /** SIGKILL; returns what it had told by then and nobody has asked for. */
  async kill(): Promise<string[]> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
    const rest: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) rest.push(line);
    return rest;
  }
}

/** Bundles the writer into a file that node runs. */
export function bundleWriter(folder: string): string {
  const program = path.join(folder, 'writer.mjs');
  const source = path.join(ROOT, 'test/journal/fixtures/writer.ts');
  const options = [
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--log-level=error',
    `--outfile=${program}`,
  ];
  execFileSync(path.join(ROOT, 'node_modules/.bin/esbuild'), [source, ...options]);
  return program;
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });
}
