import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { compileFixture } from './fixture.ts';

/** TIMES and COUNTS of test/fixtures/visitor.c. */
const MOST_TIMES = 65_536;
const COUNTS = 5;
const WORD_BYTES = 8;

/** What came of the connections of a visitor. */
export interface Visits {
  readonly connections: number;
  readonly answered: number;
  readonly refused: number;
  /** Reset, or ended without a byte. */
  readonly reset: number;
  readonly failed: number;
  /** When those were refused or reset that were (`CLOCK_MONOTONIC`); the first 65,536. */
  readonly lostAtNs: readonly bigint[];
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

  /** Resolves when it has been answered for the first time. `folder` is for its program and its counts; the pause is that between two. */
  static async start(host: string, port: number, folder: string, pauseMs = 0): Promise<Visitor> {
    const file = path.join(folder, `visits-${port}`);
    const words = [host, String(port), file, ...(pauseMs > 0 ? [String(pauseMs * 1000)] : [])];
    const child = spawn(compileFixture('visitor', folder), words, { stdio: ['ignore', 'ignore', 'inherit'] });
    const visitor = new Visitor(child, file);
    await visitor.untilAnswered(1);
    return visitor;
  }

  /** What came of them so far. */
  get visits(): Visits {
    const [connections = 0, answered = 0, refused = 0, reset = 0, failed = 0] = this.#words(0, COUNTS).map(
      Number,
    );
    const lostAtNs = this.#words(COUNTS, Math.min(refused + reset, MOST_TIMES));
    return { connections, answered, refused, reset, failed, lostAtNs };
  }

  /** So many words of the file; none before it is there. */
  #words(from: number, count: number): readonly bigint[] {
    if (!existsSync(this.#file)) return [];
    const bytes = Buffer.alloc(count * WORD_BYTES);
    const file = openSync(this.#file, 'r');
    const got = readSync(file, bytes, 0, bytes.length, from * WORD_BYTES);
    closeSync(file);
    return Array.from({ length: Math.floor(got / WORD_BYTES) }, (_, at) =>
      bytes.readBigUInt64LE(at * WORD_BYTES),
    );
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
