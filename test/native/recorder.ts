import { closeSync } from 'node:fs';
import { realSockets } from '../../src/sys/real/sockets.ts';
import type { Connection, ConnectionListener, Descriptor, Listening } from '../../src/sys/sys.ts';
import { Folder, value } from './support.ts';

/** One read: its bytes as text, and how many descriptors came with it. */
export interface Read {
  readonly text: string;
  readonly descriptors: readonly Descriptor[];
  readonly truncated: boolean;
}

/** Listens to a connection and writes down what it is told. */
export class Recorder implements ConnectionListener {
  readonly connection: Connection;
  readonly reads: Read[] = [];
  isEnded = false;
  isGone = false;
  drainedCount = 0;
  /** Called at each read, after it was written down. */
  onData: ((read: Read) => void) | undefined;
  onGone: (() => void) | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(connection: Connection, listens = true) {
    this.connection = connection;
    if (listens) connection.listen(this);
  }

  get text(): string {
    return this.reads.map((read) => read.text).join('');
  }

  get descriptors(): readonly Descriptor[] {
    return this.reads.flatMap((read) => read.descriptors);
  }

  data(bytes: Uint8Array, descriptors: readonly Descriptor[], truncated: boolean): void {
    const read = { text: Buffer.from(bytes).toString('latin1'), descriptors, truncated };
    this.reads.push(read);
    this.onData?.(read);
    this.#ring();
  }

  ended(): void {
    this.isEnded = true;
    this.#ring();
  }

  gone(): void {
    this.isGone = true;
    this.onGone?.();
    this.#ring();
  }

  drained(): void {
    this.drainedCount++;
    this.#ring();
  }

  /** Waits for an event after which the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((go) => this.#waiting.push(go));
  }

  closeDescriptors(): void {
    for (const descriptor of this.descriptors) closeSync(descriptor);
  }

  #ring(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** A listening socket in a folder of its own, and the two ends of connections to it. */
export class Meeting implements AsyncDisposable {
  readonly folder: Folder;
  readonly path: string;
  readonly listening: Listening;
  readonly accepted: Connection[] = [];
  readonly #opened: Connection[] = [];
  readonly #waiting: (() => void)[] = [];

  private constructor(folder: Folder) {
    this.folder = folder;
    this.path = folder.file('socket');
    this.listening = value(
      realSockets.listen(this.path, 0o600, (connection) => {
        this.accepted.push(connection);
        for (const go of this.#waiting.splice(0)) go();
      }),
    );
  }

  static async open(): Promise<Meeting> {
    return new Meeting(await Folder.make());
  }

  /** The next connection that is accepted. */
  async accept(): Promise<Connection> {
    for (;;) {
      const connection = this.accepted.shift();
      if (connection !== undefined) {
        this.#opened.push(connection);
        return connection;
      }
      await new Promise<void>((go) => this.#waiting.push(go));
    }
  }

  /** A connection from here to here: the end that called, and the one that was accepted. */
  async pair(): Promise<[caller: Connection, callee: Connection]> {
    const caller = value(realSockets.connect(this.path));
    this.#opened.push(caller);
    return [caller, await this.accept()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of [...this.#opened, ...this.accepted]) connection.close(true);
    this.listening.close();
    await this.folder[Symbol.asyncDispose]();
  }
}
