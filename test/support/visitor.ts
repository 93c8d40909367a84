import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { compileFixture } from './fixture.ts';

/** What came of the connections of a visitor. */
export interface Visits {
  readonly connections: number;
  readonly answered: number;
  readonly refused: number;
  /** Reset, or ended without a byte. */
  readonly reset: number;
  readonly failed: number;
}

/** A client in a process of its own, which opens a new TCP connection each time, as fast as it is answered. */
export class Visitor implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #file: string;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, file: string) {
    this.#child = child;
    this.#file = file;
    this.#ended = once(child, 'exit');
  }

  /** Resolves when it has been answered for the first time. `folder` is for its program and its counts. */
  static async start(host: string, port: number, folder: string): Promise<Visitor> {
    const file = path.join(folder, `visits-${port}`);
    const words = [host, String(port), file];
    const child = spawn(compileFixture('visitor', folder), words, { stdio: ['ignore', 'ignore', 'inherit'] });
    const visitor = new Visitor(child, file);
    await visitor.untilAnswered(1);
    return visitor;
  }

  /** What came of them so far. */
  get visits(): Visits {
    let bytes = Buffer.alloc(0);
    try {
      bytes = readFileSync(this.#file);
    } catch {
      /* It has not come as far. */
    }
    const count = (at: number): number => (bytes.length > at * 8 ? Number(bytes.readBigUInt64LE(at * 8)) : 0);
    return {
      connections: count(0),
      answered: count(1),
      refused: count(2),
      reset: count(3),
      failed: count(4),
    };
  }

  /** Resolves when so many more have been answered than now. */
  async untilAnswered(more: number): Promise<void> {
    const before = this.visits.answered;
    await expect.poll(() => this.visits.answered, { interval: 2 }).toBeGreaterThanOrEqual(before + more);
  }

  /** Ends it when the connection is over that is open; what came of all. */
  async end(): Promise<Visits> {
    this.#child.kill('SIGTERM');
    await this.#ended;
    return this.visits;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
