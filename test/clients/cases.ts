import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSupervisor, type SupervisorOptions } from '../support/supervisor.ts';

const FOLDER = fileURLToPath(new URL('python', import.meta.url));

/** What a case came to, as python/cases.py prints it. */
interface Outcome {
  readonly title: string;
  readonly kind: 'passed' | 'skipped' | 'failed';
  readonly problem: string;
}

/** The titles of a script's cases, or none where there is no Python. */
function titlesOf(script: string): readonly string[] {
  try {
    const listed = execFileSync('python3', ['-B', path.join(FOLDER, script), '--list'], { encoding: 'utf8' });
    return JSON.parse(listed) as string[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The outcomes of a script's cases, each as soon as it is known. */
class Outcomes {
  readonly child: ChildProcess;
  readonly #known = new Map<string, Outcome>();
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #hasEnded = false;

  constructor(script: string, supervisor: TestSupervisor, folder: string) {
    this.child = spawn('python3', ['-B', path.join(FOLDER, script), supervisor.socket, folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    if (this.child.stdout === null) throw new Error('it was asked for a pipe');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const outcome = JSON.parse(line) as Outcome;
      this.#known.set(outcome.title, outcome);
      this.#wake();
    });
    this.child.once('close', () => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  async of(title: string): Promise<Outcome> {
    for (;;) {
      const outcome = this.#known.get(title);
      if (outcome !== undefined) return outcome;
      if (this.#hasEnded) throw new Error(`the client ended before this case:\n${this.#stderr}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async ended(): Promise<void> {
    while (!this.#hasEnded) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/**
 * The cases of a Python script, each as a test, one after the other against one supervisor. After each the
 * script checks that the supervisor holds nothing of it.
 */
export function describeCases(what: string, script: string, options: SupervisorOptions = {}): void {
  const titles = titlesOf(script);
  describe.skipIf(titles.length === 0)(`${what} (needs python3)`, () => {
    let supervisor: TestSupervisor;
    let outcomes: Outcomes;
    beforeAll(async () => {
      supervisor = await TestSupervisor.start(options);
      const folder = path.join(supervisor.folder, 'out');
      mkdirSync(folder);
      outcomes = new Outcomes(script, supervisor, folder);
    });
    afterAll(async () => {
      outcomes.child.kill();
      await outcomes.ended();
      await supervisor[Symbol.asyncDispose]();
    });
    for (const title of titles) {
      it(title, async ({ skip }) => {
        const { kind, problem } = await outcomes.of(title);
        if (kind === 'skipped') skip(problem);
        if (kind === 'failed') expect.fail(problem);
      });
    }
  });
}
