import type { Cancel, Connection, Descriptor } from '../sys/sys.ts';
import type { Crowd } from './crowd.ts';

/**
 * What goes out to one client, in its order. Lines that are sent within one step leave in one piece;
 * whoever has much to send waits until most of it has been read.
 */
export class Outgoing {
  readonly #connection: Connection;
  readonly #crowd: Crowd;
  readonly #holder: { readonly giveWay: () => number };
  readonly #writers: (() => void)[] = [];
  readonly #drained = new Set<() => void>();
  #lines = '';
  #isOver = false;
  /** What the connection said last of its queue. */
  #queued = 0;

  /** @param tooSlow told where all clients together leave too much unread, and this one has taken nothing for longest */
  constructor(connection: Connection, crowd: Crowd, tooSlow: () => void) {
    this.#connection = connection;
    this.#crowd = crowd;
    this.#holder = {
      giveWay: () => {
        const before = this.#queued;
        this.#queued = connection.queuedBytes();
        if (this.#queued >= before) tooSlow();
        return this.#isOver ? 0 : this.#queued;
      },
    };
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
    return this.#look() + this.#lines.length;
  }

  /** Whether the client has left so much unread that it is to read first. */
  get isFull(): boolean {
    return this.queuedBytes() > this.#crowd.mostQueuedBytes;
  }

  #look(): number {
    this.#queued = this.#isOver ? 0 : this.#connection.queuedBytes();
    this.#crowd.queues(this.#holder, Number.isFinite(this.#queued) ? this.#queued : 0);
    return this.#isOver ? 0 : this.#queued;
  }

  /** Resolves when no more than the bound waits to be read, or nothing can be sent any more. */
  async untilWritable(): Promise<void> {
    this.flush();
    if (this.#isOver || this.#look() <= this.#crowd.mostQueuedBytes) return;
    await new Promise<void>((resolve) => this.#writers.push(resolve));
  }

  /** Calls back each time when all that was queued has been taken. */
  whenDrained(action: () => void): Cancel {
    this.#drained.add(action);
    return () => this.#drained.delete(action);
  }

  /** All that was queued has been taken. */
  drained(): void {
    this.#look();
    this.#wakeWriters();
    for (const action of [...this.#drained]) action();
  }

  /** Nothing can be sent any more. */
  end(): void {
    this.#isOver = true;
    this.#look();
    this.#drained.clear();
    this.#wakeWriters();
  }

  #wakeWriters(): void {
    for (const resolve of this.#writers.splice(0)) resolve();
  }
}
