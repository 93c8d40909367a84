import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** A client that keeps its connection; what comes is kept line by line. */
export class StreamClient implements Disposable {
  /** All lines that came, without those that `takeLines` took. */
  lines: string[] = [];
  readonly #socket: Socket;
  #rest = '';
  #isClosed = false;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push(line);
      this.#wake();
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** One that has sent these lines. */
  static async connect(path: string, ...lines: readonly string[]): Promise<StreamClient> {
    const socket = createConnection(path);
    const client = new StreamClient(socket);
    await once(socket, 'connect');
    client.send(...lines);
    return client;
  }

  send(...lines: readonly string[]): void {
    this.#socket.write(lines.map((line) => `${line}\n`).join(''), 'latin1');
  }

  /** Says that nothing more will be sent. */
  sayAll(): void {
    this.#socket.end();
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  takeLines(): string[] {
    const { lines } = this;
    this.lines = [];
    return lines;
  }

  /** Resolves when the lines fulfil the condition; rejects when the connection ends before. */
  async until(isSo: (lines: readonly string[]) => boolean): Promise<void> {
    while (!isSo(this.lines)) {
      if (this.#isClosed) throw new Error(`the connection ended after\n${this.lines.slice(-5).join('\n')}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when something has come since the last call that waited, or the connection has ended. */
  async change(): Promise<void> {
    if (this.lines.length === 0 && !this.#isClosed)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Resolves with the first line of this form. */
  async untilLine(form: RegExp): Promise<string> {
    await this.until((lines) => lines.some((line) => form.test(line)));
    return this.lines.find((line) => form.test(line)) ?? '';
  }

  /** Resolves when the other side has ended the connection. */
  async untilClosed(): Promise<void> {
    while (!this.#isClosed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Hangs up at once. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
