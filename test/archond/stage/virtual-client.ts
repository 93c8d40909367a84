import type { FakeClient } from '../../../src/sys/fake/client.ts';
import type { Hearing } from './stage.ts';

/** A client of the fake machine. Whoever waits for what comes lets its time pass. */
export class VirtualClient implements Hearing {
  readonly #client: FakeClient;
  readonly #step: () => Promise<void>;
  #lines: string[] = [];
  #part = '';

  /** @param step lets the next thing happen on the machine */
  constructor(client: FakeClient, step: () => Promise<void>) {
    this.#client = client;
    this.#step = step;
  }

  send(...lines: readonly string[]): void {
    this.#client.send(lines.map((line) => `${line}\n`).join(''));
  }

  sayAll(): void {
    this.#client.endWriting();
  }

  /** Reads what has come; false where that was nothing. */
  #read(): boolean {
    const text = this.#client.takeReceived().toString('latin1');
    if (text === '') return false;
    const lines = `${this.#part}${text}`.split('\n');
    this.#part = lines.pop() ?? '';
    for (const line of lines) this.#lines.push(line);
    return true;
  }

  async until(isSo: (lines: readonly string[]) => boolean): Promise<void> {
    this.#read();
    while (!isSo(this.#lines))
      do {
        if (this.#client.gone)
          throw new Error(`the connection ended after\n${this.#lines.slice(-5).join('\n')}`);
        await this.#step();
      } while (!this.#read());
  }

  async untilLine(form: RegExp): Promise<string> {
    await this.until((lines) => lines.some((line) => form.test(line)));
    return this.#lines.find((line) => form.test(line)) ?? '';
  }

  /** Whether the other side has ended it, or died. */
  get isGone(): boolean {
    return this.#client.gone || this.#client.ended;
  }

  /** The first line of this form among those that have come; they stay. */
  peek(form: RegExp): string | undefined {
    this.#read();
    return this.#lines.find((line) => form.test(line));
  }

  takeLines(): string[] {
    this.#read();
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Resolves with all that comes until the other side ends the connection. */
  async rest(): Promise<string[]> {
    while (!this.#client.gone && !this.#client.ended) await this.#step();
    this.#read();
    return this.takeLines();
  }

  [Symbol.dispose](): void {
    this.#client.vanish();
  }
}
