import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSupervisor } from '../../support/supervisor.ts';
import { ARCHONCTL, archonctl, plainEnv, shell } from '../client.ts';
import { TempFolder } from '../temp-folder.ts';

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
/* .ci/run installs all of them: there a missing one is a failure. */
const isWhole = process.env['CI'] === 'true';
const lacks = (...programs: readonly string[]): boolean => !isWhole && !programs.every(has);

let supervisor: TestSupervisor;

beforeAll(async () => {
  supervisor = await TestSupervisor.start();
  for (const label of ['web/a', 'web/b', 'port:80', 'inst@1', 'alone'])
    expect((await archonctl(supervisor.socket, ['submit', '-l', label, '-p', 'sleep', '1000'])).code).toBe(0);
});
afterAll(async () => supervisor[Symbol.asyncDispose]());

/** A shell on a terminal of its own, typed into. */
class Typed implements AsyncDisposable {
  readonly #child: ChildProcess;
  #shown = '';
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(words: readonly string[], socket: string) {
    const relay = 'import pty,sys; pty.spawn(sys.argv[1:])';
    this.#child = spawn('python3', ['-c', relay, ...words], {
      env: plainEnv({
        ARCHON_SOCKET: socket,
        PATH: `${path.dirname(ARCHONCTL)}:${process.env['PATH'] ?? ''}`,
        TERM: 'dumb',
        HISTFILE: '/dev/null',
      }),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.once('exit', () => {
      this.#isOver = true;
      this.#wake();
    });
    /* What is typed when the shell has just ended goes nowhere. */
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
      this.#wake();
    });
  }

  /** Types, and waits until this is shown. */
  async type(text: string, shown: RegExp): Promise<string> {
    this.#shown = '';
    this.#child.stdin?.write(text);
    while (!shown.test(this.#shown)) {
      if (this.#isOver) throw new Error(`the shell ended after ${JSON.stringify(this.#shown)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#shown;
  }

  /** Deletes the line. */
  async clear(): Promise<void> {
    await this.type('\x15echo CLE""AR\n', /CLEAR/);
  }

  /** Has it end by itself: what it has started is over then. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) {
      const ended = once(this.#child, 'exit');
      this.#child.stdin?.write('\x15exit\n');
      await ended;
    }
  }
}

interface Shell {
  readonly name: 'bash' | 'zsh';
  readonly words: readonly string[];
  readonly prepare: string;
}

const TYPED: readonly Shell[] = [
  {
    name: 'bash',
    words: ['bash', '--norc', '--noprofile', '-i'],
    prepare: 'source <(archonctl completion bash)',
  },
  {
    name: 'zsh',
    words: ['zsh', '-f', '-i'],
    prepare: 'bindkey -e; autoload -Uz compinit; compinit -D -u; source <(archonctl completion zsh)',
  },
];

for (const { name, words, prepare } of TYPED) {
  describe.skipIf(lacks(name, 'python3'))(`${name} (needs ${name} and python3)`, () => {
    it('completes verbs, options and labels as they are now', async () => {
      await using typed = new Typed(words, supervisor.socket);
      await typed.type(`${prepare}; echo REA""DY\n`, /READY/);
      await typed.type('archonctl subscr\t', /archonctl subscribe/);
      await typed.clear();
      await typed.type('archonctl logs --foll\t', /--follow/);
      await typed.clear();
      await typed.type('archonctl stop al\t', /stop alone/);
      await typed.clear();
      await typed.type('archonctl stop po\t', /stop port\\?:80/);
      await typed.clear();
      await typed.type('archonctl stop port:\t', /stop port\\?:80/);
      await typed.clear();
      await typed.type('archonctl stop ins\t', /stop inst@1/);
      await typed.clear();
      await typed.type('archonctl wait --for runn\t', /--for running/);
      await typed.clear();
      const listed = await typed.type('archonctl status we\t\t\t', /web\/b/);
      expect(listed).toContain('web/a');
      await typed.clear();
      await archonctl(supervisor.socket, ['submit', '-l', `${name}-new`, '-p', 'sleep', '1000']);
      await typed.type(`archonctl stop ${name}-\t`, new RegExp(`stop ${name}-new`));
    });
  });
}

describe.skipIf(lacks('fish'))('fish (needs fish)', () => {
  it('completes verbs, options and labels as they are now', async () => {
    const complete = async (line: string): Promise<string[]> => {
      const script = `archonctl completion fish | source; complete -C '${line}'`;
      const { code, stdout, stderr } = await shell(supervisor.socket, `fish --no-config -c "${script}"`);
      expect([code, stderr]).toEqual([0, '']);
      return stdout.split('\n').slice(0, -1);
    };
    expect(await complete('archonctl subscr')).toEqual(['subscribe\tprint what happens as it happens']);
    expect(await complete('archonctl logs --foll')).toEqual([expect.stringMatching(/^--follow\t/)]);
    expect(await complete('archonctl stop we')).toEqual(['web/a\trunning', 'web/b\trunning']);
    expect(await complete('archonctl stop port:')).toEqual(['port:80\trunning']);
    expect(await complete('archonctl stop inst@')).toEqual(['inst@1\trunning']);
    expect(await complete('archonctl wait --for runn')).toEqual(['running']);
    expect(await complete('archonctl run fis')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^fish\b/)]),
    );
  });
});

describe('a shell', () => {
  it('is not held up by a supervisor that is not there, or does not answer', async () => {
    await using folder = await TempFolder.make();
    const socket = path.join(folder.path, 's');
    const asked = async (): Promise<{ stdout: string; ms: number }> => {
      const began = Date.now();
      const { code, stdout, stderr } = await archonctl(socket, [
        'completion',
        'candidates',
        '--',
        'stop',
        '',
      ]);
      expect([code, stderr]).toEqual([0, '']);
      return { stdout, ms: Date.now() - began };
    };
    expect((await asked()).stdout).toBe('');
    const deaf = createServer(() => undefined).listen(socket);
    await once(deaf, 'listening');
    const { stdout, ms } = await asked();
    expect(stdout).toBe('');
    expect(ms).toBeLessThan(10_000);
    deaf.close();
  });

  it('gets the socket that the line names', async () => {
    const { stdout } = await archonctl('/nowhere/s', [
      'completion',
      'candidates',
      '--',
      '--socket',
      supervisor.socket,
      'stop',
      'al',
    ]);
    expect(stdout).toBe('alone\trunning\n');
  });

  it('that is not known is told which are', async () => {
    expect(await archonctl('/nowhere/s', ['completion', 'csh'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'archonctl: write archonctl completion bash, zsh or fish\n',
    });
  });
});
