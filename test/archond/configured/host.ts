import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { StreamClient } from '../../support/stream-client.ts';
import { TestSupervisor, type SupervisorOptions } from '../../support/supervisor.ts';
import type { Stage, Units } from '../stage/stage.ts';
import { toldAmong, type Told } from '../../support/told.ts';

/** A real supervisor with units of its own, and a folder in which they leave things. */
export class Host implements Stage {
  readonly folder: string;
  supervisor: TestSupervisor;

  private constructor(folder: string, supervisor: TestSupervisor) {
    this.folder = folder;
    this.supervisor = supervisor;
  }

  /** Starts one and waits until it answers. @param units made with the folder for their files */
  static async start(
    units: Units | ((folder: string) => Units),
    options: SupervisorOptions = {},
  ): Promise<Host> {
    const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'archon-units-'));
    const made = typeof units === 'function' ? units(folder) : units;
    const file = path.join(folder, 'archon.yaml');
    /* What is JSON is YAML. */
    writeFileSync(file, JSON.stringify({ version: 1, units: made }));
    const args = ['--config', file, ...(options.args ?? [])];
    return new Host(folder, await TestSupervisor.start({ ...options, args }));
  }

  /** Starts another one in its place, when it has ended. */
  async again(): Promise<void> {
    this.supervisor = await this.supervisor.again();
  }

  async ask(...lines: readonly string[]): Promise<string[]> {
    return this.supervisor.ask(...lines);
  }

  async hear(line: string): Promise<StreamClient> {
    return StreamClient.connect(this.supervisor.socket, line);
  }

  async killDeciding(): Promise<void> {
    await this.supervisor.killDeciding();
  }

  /** Each unit's state: `app:running db:starting`, by label. */
  async states(): Promise<string> {
    const units = await this.ask('List');
    return units
      .slice(0, -1)
      .map((line) => line.split(',').slice(1, 3).join(':'))
      .join(' ');
  }

  /** Resolves when these units are in this state. */
  async until(state: string, ...labels: readonly string[]): Promise<void> {
    const waits = labels.map(async (label) => this.ask(`Wait,${label},@for=${state}`));
    for (const answer of await Promise.all(waits)) expect(answer).toEqual(['Ok']);
  }

  /** All events of units so far. */
  async events(): Promise<Told[]> {
    return toldAmong(await this.ask('Events')).filter(({ label }) => label !== '');
  }

  /** What became of units, as `db running`, in order; of these kinds where some are given. */
  async story(...kinds: readonly string[]): Promise<string[]> {
    return (await this.events())
      .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
      .map(({ label, kind }) => `${label} ${kind}`);
  }

  /** Hears of all events from now on. */
  async listen(): Promise<Ear> {
    const client = await StreamClient.connect(this.supervisor.socket, 'Subscribe');
    await client.untilLine(/^Ok,/);
    client.takeLines();
    return new Ear(client);
  }

  /** The values of a fact of `Status`; undefined where it is absent. */
  async fact(label: string, name: string): Promise<string | undefined> {
    const lines = await this.ask(`Status,${label}`);
    const start = `Field,${name},`;
    return lines.find((line) => line.startsWith(start))?.slice(start.length);
  }

  /** The process of a unit. */
  async pidOf(label: string): Promise<number> {
    return Number(await this.fact(label, 'pid'));
  }

  /** A file of the folder. */
  file(name: string): string {
    return path.join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  /** What a unit has written to its log. */
  readLog(label: string): string {
    return readFileSync(path.join(this.supervisor.folder, 'state/log', `${label}.log`), 'utf8');
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text);
  }

  /** Lets a process go on that waits at this gate (`gate` below), as soon as it does; `line` is what it reads. */
  async open(name: string, line = '\n'): Promise<void> {
    await writeFile(this.file(name), line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      /* What waits at a gate that is not opened any more is not waited for. */
      this.supervisor.signal('SIGTERM');
      this.supervisor.signal('SIGINT');
      await this.supervisor[Symbol.asyncDispose]();
    } finally {
      rmSync(this.folder, { recursive: true });
    }
  }
}

/** Whoever listens to what becomes of units. */
export class Ear implements Disposable {
  readonly #client: StreamClient;
  #from = 0;

  constructor(client: StreamClient) {
    this.#client = client;
  }

  /** What it has heard since the last `hear`, as `db running`. */
  get told(): readonly string[] {
    return toldAmong(this.#client.lines.slice(this.#from)).map(({ label, kind }) => `${label} ${kind}`);
  }

  /** Resolves with all that was told up to the last of these (`db running`), in any order, and forgets it. */
  async hear(...awaited: readonly string[]): Promise<string[]> {
    await this.#client.until(() => awaited.every((one) => this.told.includes(one)));
    const { told } = this;
    const last = Math.max(...awaited.map((one) => told.indexOf(one)));
    const lines = this.#client.lines.slice(this.#from);
    let count = 0;
    this.#from += lines.findIndex((line) => line.startsWith('Event,') && count++ === last) + 1;
    return told.slice(0, last + 1);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** What a shell says to wait at a gate, which is made. */
export function gate(folder: string, name: string): string {
  execFileSync('mkfifo', [path.join(folder, name)]);
  /* The hand that opened it for the one before may still be on it: then there is nothing to read, and the next one is waited for. */
  return `until read line < ${path.join(folder, name)}; do :; done`;
}

/** A service that is up until it is told to end. */
export const FOREVER = { command: 'sleep 86400' } as const;

/** A service that takes its leave at a gate. */
export function leavesAt(folder: string, name: string): { readonly command: readonly string[] } {
  const script = `trap '${gate(folder, name)}; exit 0' TERM; echo armed; while :; do sleep 86400 & wait; done`;
  return { command: ['/bin/sh', '-c', script] };
}
