import type { Call, EndReason } from '../call.ts';
import { Backlog } from './backlog.ts';
import { Listener } from './listener.ts';

/** Streams that are sent the same, byte for byte, each as fast as its client reads. */
export class Channel {
  /** What stands before each line. */
  readonly #prefix: string;
  readonly #backlog = new Backlog();
  readonly #listeners = new Set<Listener>();
  #hasNews = false;

  /** @param tag of all its streams */
  constructor(tag: string | undefined) {
    this.#prefix = tag === undefined ? '' : `${tag},`;
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** @param line a record without tag, ended by LF */
  add(line: string): void {
    this.#backlog.add(this.#prefix === '' ? line : this.#prefix + line);
    this.#hasNews = true;
  }

  /** Sends what was added, to each as much as it takes now. */
  tell(): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    for (const listener of [...this.#listeners]) listener.pump();
    this.#backlog.tidy();
  }

  /** Ends them all. */
  end(reason: EndReason): void {
    for (const listener of [...this.#listeners]) listener.end(reason);
  }

  /** From now on the stream, which is open, is sent all that is added. */
  join(call: Call, left: () => void): void {
    const listener = new Listener(call, this.#backlog.read(), () => {
      this.#listeners.delete(listener);
      left();
    });
    this.#listeners.add(listener);
  }
}
