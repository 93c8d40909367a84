import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this project. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How a program ended and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A small project of its own in a folder that is removed at the end, with this project's scripts and packages. */
export class TempProject implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** `copied`: files and folders that it shares with this project, besides scripts and node_modules. */
  static async make(copied: readonly string[] = []): Promise<TempProject> {
    const project = new TempProject(await mkdtemp(path.join(await realpath(os.tmpdir()), 'archon-house-')));
    await symlink(path.join(ROOT, 'node_modules'), project.path('node_modules'));
    for (const name of ['scripts', 'package.json', ...copied]) {
      await cp(path.join(ROOT, name), project.path(name), { recursive: true });
    }
    return project;
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  async write(name: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(path.dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), text, { mode });
  }

  /** Runs a program in the project's folder to its end; an `undefined` takes a variable out of the environment. */
  async run(
    command: string,
    args: readonly string[],
    env: Record<string, string | undefined> = {},
  ): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: this.folder,
        env: { ...process.env, NODE_OPTIONS: undefined, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const text = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (some: string) => (text.stdout += some));
      child.stderr.setEncoding('utf8').on('data', (some: string) => (text.stderr += some));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...text }));
    });
  }

  async node(script: string, ...args: readonly string[]): Promise<Ended> {
    return this.run(process.execPath, [script, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}
