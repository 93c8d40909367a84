import type { VirtualLoop } from './loop.ts';
import type { OpenFile } from './open-file.ts';
import { Outbox } from './outbox.ts';
import type { StreamEnd } from './stream-socket.ts';

const READ_BYTES = 65_536;

/**
 * Somebody at the other end of archond's socket. It reads what comes at once, unless told not to;
 * what it has sent and received happens when the loop runs, like everything else.
 */
export class FakeClient {
  /** The peer will send nothing more. */
  ended = false;
  /** The peer has closed the connection, or this side has. */
  gone = false;
  readonly #loop: VirtualLoop;
  readonly #end: StreamEnd;
  readonly #outbox = new Outbox();
  #received: Uint8Array[] = [];
  #files: OpenFile[] = [];
  #reading = true;
  #ending = false;
  #posted = false;

  constructor(loop: VirtualLoop, end: StreamEnd) {
    this.#loop = loop;
    this.#end = end;
    end.watch(() => this.#later());
    this.#later();
  }

  /** Sends bytes, with files that stay the caller's and ride on the first byte. */
  send(data: Uint8Array | string, files: readonly OpenFile[] = []): void {
    if (this.gone) return;
    this.#outbox.add(typeof data === 'string' ? Buffer.from(data) : data, files);
    this.#later();
  }

  /** Closes its writing side once all is sent (`nc -N`). */
  endWriting(): void {
    this.#ending = true;
    this.#later();
  }

  /** Goes away at once, with what it has not sent, as when it is killed. */
  vanish(): void {
    if (this.gone) return;
    this.gone = true;
    this.#outbox.clear();
    this.#end.release();
  }

  /** Leaves what comes where it is. */
  stopReading(): void {
    this.#reading = false;
  }

  startReading(): void {
    this.#reading = true;
    this.#later();
  }

  /** All that has come so far. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** What has come since it was last taken. */
  takeReceived(): Buffer {
    const { received } = this;
    this.#received = [];
    return received;
  }

  /** The files that have come so far; they are the caller's from now on. */
  takeFiles(): readonly OpenFile[] {
    const files = this.#files;
    this.#files = [];
    return files;
  }

  #later(): void {
    if (this.#posted || this.gone) return;
    this.#posted = true;
    this.#loop.post(() => {
      this.#posted = false;
      if (!this.gone) this.#pump();
    });
  }

  #pump(): void {
    const flushed = this.#outbox.flush(this.#end);
    if (this.#ending && flushed === 'empty') {
      this.#ending = false;
      this.#end.endOutput();
    }
    while (this.#reading && !this.ended) {
      const received = this.#end.receive(READ_BYTES);
      if (received === 'again') break;
      if (received === 'end') {
        this.ended = true;
        break;
      }
      this.#received.push(received.bytes);
      this.#files.push(...received.files);
    }
    if (this.#end.peerGone && (this.ended || !this.#reading)) this.vanish();
  }
}
