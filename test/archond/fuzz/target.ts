import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { closeDescriptor, openPidfd } from '../../../src/sys/dialer.ts';
import { TestSupervisor } from '../../support/supervisor.ts';
import { Usage } from '../../support/usage.ts';
import { PROGRAMS } from './harmless.ts';

/** A supervisor under fire: whoever calls it can find harmless programs only, and what it holds is counted. */
export class Target implements AsyncDisposable {
  readonly supervisor: TestSupervisor;
  readonly usage: Usage;
  readonly #programs: string;
  readonly #deciding: number;
  readonly #victims: { readonly child: ChildProcess; readonly pidfd: number }[] = [];
  readonly #before: readonly [number, number];

  private constructor(supervisor: TestSupervisor, deciding: number, programs: string) {
    this.supervisor = supervisor;
    this.#programs = programs;
    this.#deciding = deciding;
    this.usage = new Usage(deciding, supervisor.pid);
    this.#before = this.usage.held();
  }

  static async start(): Promise<Target> {
    const programs = mkdtempSync(path.join(os.tmpdir(), 'archon-programs-'));
    for (const name of PROGRAMS) symlinkSync(found(name), path.join(programs, name));
    const env = { PATH: programs, ARCHON_NODE: process.execPath };
    const supervisor = await TestSupervisor.start({ env });
    await supervisor.ask('Version', 'Run,true', 'Forget,*');
    return new Target(supervisor, await supervisor.decidingPid(), programs);
  }

  /**
   * Descriptors of processes to be watched and killed; those that were are replaced. Each is opened before
   * anybody can have waited for its process, so that it is never that of another one with the same number.
   */
  victims(): readonly number[] {
    for (const { child, pidfd } of this.#victims.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) this.#victims.push({ child, pidfd });
      else closeDescriptor(pidfd);
    }
    while (this.#victims.length < 2) {
      const child = spawn('sleep', ['100000'], { stdio: 'ignore' });
      const opened = openPidfd(child.pid ?? 0);
      if (!opened.ok) throw new Error(opened.error.code);
      this.#victims.push({ child, pidfd: opened.value });
    }
    return this.#victims.map(({ pidfd }) => pidfd);
  }

  /** So many named pipes. */
  fifos(count: number): string[] {
    const folder = path.join(this.supervisor.folder, 'out');
    mkdirSync(folder);
    const names = Array.from({ length: count }, (_, at) => path.join(folder, `fifo${at}`));
    execFileSync('mkfifo', names);
    return names;
  }

  /** Takes everything down and checks that nothing of it is left. */
  async tidy(): Promise<void> {
    let left: string[] = [];
    /* Commands of clients that have gone are on their way down. */
    for (let tries = 0; tries < 500; tries += 1) {
      left = (await this.supervisor.ask('Stop,*', 'Forget,*', 'List')).slice(-1);
      if (left[0] === 'Ok,0' && String(this.usage.held()) === String(this.#before)) break;
    }
    expect([left, this.usage.held()]).toEqual([['Ok,0'], this.#before]);
    expect(await this.supervisor.decidingPid()).toBe(this.#deciding);
    expect(this.supervisor.log).not.toMatch(/"level":[56]0/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, pidfd } of this.#victims) {
      child.kill('SIGKILL');
      closeDescriptor(pidfd);
    }
    rmSync(this.#programs, { recursive: true });
    await this.supervisor[Symbol.asyncDispose]();
  }
}

/** Where a program lies. */
function found(name: string): string {
  const places = (process.env['PATH'] ?? '').split(':').map((folder) => path.join(folder, name));
  const place = places.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return place ?? expect.fail(`${name} is not installed`);
}
