import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, write } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { environmentOf, isAlive, processesWith } from '../../support/processes.ts';
import type { TestSupervisor } from '../../support/supervisor.ts';
import type { Daemons } from './daemons.ts';

export const LABELS = ['one', 'two', 'a/b'] as const;
export type Label = (typeof LABELS)[number];

/** The real supervisor, and a pipe for each label through which its daemon is told to exit. */
export class World {
  readonly supervisor: TestSupervisor;
  readonly #pipes: ReadonlyMap<Label, { readonly path: string; readonly descriptor: number }>;

  constructor(supervisor: TestSupervisor) {
    this.supervisor = supervisor;
    const folder = path.join(supervisor.folder, 'out');
    mkdirSync(folder);
    this.#pipes = new Map(
      LABELS.map((label, at) => {
        const file = path.join(folder, `exit${at}`);
        execFileSync('mkfifo', [file]);
        return [label, { path: file, descriptor: openSync(file, constants.O_RDWR) }];
      }),
    );
  }

  /** A command that ends with the code that is written to the label's pipe. */
  commandOf(label: Label): string {
    return `"sh -c 'read code < ${this.#pipes.get(label)?.path ?? ''}; exit $code'"`;
  }

  /** Lets the daemon of this label end. */
  async exit(label: Label, code: number): Promise<void> {
    await promisify(write)(this.#pipes.get(label)?.descriptor ?? -1, `${code}\n`);
  }

  async ask(...lines: readonly string[]): Promise<string[]> {
    return this.supervisor.ask(...lines);
  }

  /** Sends a tagged line; resolves when it is being carried out, with what it will be answered. */
  async begin(line: string): Promise<{ readonly answer: Promise<string[]> }> {
    const connection = createConnection(this.supervisor.socket);
    const lines = createInterface({ input: connection })[Symbol.asyncIterator]();
    connection.end(`${line}\nVersion\n`);
    const seen: string[] = [];
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      if (next.value.startsWith('Ok,archon,')) break;
      seen.push(next.value);
    }
    const rest = async (): Promise<string[]> => {
      for (let next = await lines.next(); next.done !== true; next = await lines.next())
        seen.push(next.value);
      return seen;
    };
    return { answer: rest() };
  }

  /** The pid of a daemon that is running. */
  async pidOf(label: Label): Promise<number> {
    const lines = await this.ask(`Status,${label}`);
    return Number(lines.find((line) => line.startsWith('Field,pid,'))?.split(',')[2]);
  }

  /** Everything is as the model says, and nothing else is there: no second process of any label either. */
  async expectIs(daemons: Daemons): Promise<void> {
    const lines = (await this.ask('List')).slice(0, -1).map((line) => line.split(',').slice(1, 4));
    const wanted = [...daemons].map(([label, { state, pid }]) => [label, state, pid?.toString() ?? '']);
    expect(lines).toEqual(wanted.sort(([one = ''], [other = '']) => (one < other ? -1 : 1)));
    const alive = this.alive().map((pid) => [environmentOf(pid).get('ARCHON_LABEL'), pid]);
    const up = [...daemons].flatMap(([label, { pid }]) => (pid === undefined ? [] : [[label, pid]]));
    expect(alive.sort()).toEqual(up.sort());
  }

  /** The processes that the supervisor's units have now. */
  alive(): number[] {
    return processesWith('ARCHON_SOCKET', this.supervisor.socket).filter(isAlive);
  }

  /** No two processes of a label are there at one time: of what was found one after the other only the last may still be. */
  expectOneGeneration(label: Label): void {
    const found = this.alive().filter((pid) => environmentOf(pid).get('ARCHON_LABEL') === label);
    expect(found.slice(0, -1).filter(isAlive)).toEqual([]);
  }

  /** Takes everything down. */
  async clear(): Promise<void> {
    const [last] = (await this.ask('Stop,*', 'Forget,*', 'List')).slice(-1);
    expect(last).toBe('Ok,0');
    expect(this.alive()).toEqual([]);
  }

  close(): void {
    for (const { descriptor } of this.#pipes.values()) closeSync(descriptor);
  }
}
