import type { Cancel, Connection, Descriptor } from '../sys/sys.ts';

/** Replies that a client leaves unread; beyond it nothing more is read from it, nor made for it. */
export const MAX_QUEUED_BYTES = 1024 * 1024;

/**
 * What goes out to one client, in its order. Lines that are sent within one step leave in one piece;
 * whoever has much to send waits until most of it has been read.
 */
export class Outgoing {
  readonly #connection: Connection;
  readonly #writers: (() => void)[] = [];
  readonly #drained = new Set<() => void>();
  #lines = '';
  #isOver = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Adds a line; it leaves with the next `flush`. */
  line(text: string): void {
    this.#lines += text;
  }

  /** Sends bytes that are whole lines, descriptors with them, behind all that was added. */
  write(bytes: Uint8Array, descriptors: readonly Descriptor[] = []): void {
    this.flush();
    if (!this.#isOver) this.#connection.write(bytes, descriptors);
  }

  flush(): void {
    if (this.#lines === '' || this.#isOver) return;
    const lines = this.#lines;
    this.#lines = '';
    this.#connection.write(Buffer.from(lines, 'latin1'));
  }

  /** Bytes that have not been taken off our hands. */
  queuedBytes(): number {
    return this.#connection.queuedBytes() + this.#lines.length;
  }

  /** Resolves when no more than the bound waits to be read, or nothing can be sent any more. */
  async untilWritable(): Promise<void> {
    this.flush();
    if (this.#isOver || this.#connection.queuedBytes() <= MAX_QUEUED_BYTES) return;
    await new Promise<void>((resolve) => this.#writers.push(resolve));
  }

  /** Calls back each time when all that was queued has been taken. */
  whenDrained(action: () => void): Cancel {
    this.#drained.add(action);
    return () => this.#drained.delete(action);
  }

  /** All that was queued has been taken. */
  drained(): void {
    this.#wakeWriters();
    for (const action of [...this.#drained]) action();
  }

  /** Nothing can be sent any more. */
  end(): void {
    this.#isOver = true;
    this.#drained.clear();
    this.#wakeWriters();
  }

  #wakeWriters(): void {
    for (const resolve of this.#writers.splice(0)) resolve();
  }
}
