import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ARCHONCTL, plainEnv } from '../client.ts';

/**
 * A shell command on a terminal of its own, made by script(1): what is typed goes through the terminal's
 * line discipline, so that Ctrl-C is a signal to whoever is in its foreground.
 */
export class PseudoTerminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #shown = '';
  #seen = 0;
  #wake: () => void = () => undefined;

  /** `archonctl` is the built client in `command`, which a bash runs. */
  constructor(socket: string, command: string, env: Readonly<Record<string, string>> = {}) {
    const PATH = `${path.dirname(ARCHONCTL)}:${process.env['PATH'] ?? ''}`;
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: plainEnv({ ARCHON_SOCKET: socket, SHELL: '/bin/bash', PATH, TERM: 'xterm', PS1: '', ...env }),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    /* What is typed when the command has just ended goes nowhere. */
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
      this.#wake();
    });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#wake();
      return (code as number | null) ?? -1;
    });
  }

  /** All that the terminal has shown, with the line ends of a terminal made plain. */
  get shown(): string {
    return this.#shown.replaceAll('\r\n', '\n');
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Resolves when the text has been shown, behind what was waited for before. */
  async until(text: string): Promise<void> {
    for (let at = this.#shown.indexOf(text, this.#seen); ; at = this.#shown.indexOf(text, this.#seen)) {
      if (at >= 0) {
        this.#seen = at + text.length;
        return;
      }
      if (this.#child.exitCode !== null) throw new Error(`ended before ${text} came: ${this.#shown}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The exit code of the command, by which script(1) ends. */
  async ended(): Promise<number> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.destroy();
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
