import type { Call, EndReason } from '../call.ts';
import type { BacklogReader } from './backlog.ts';

/** So much waits for a client in the kernel's and the connection's own queue; what is beyond stays in the backlog, which is shared. */
const WINDOW_BYTES = 64 * 1024;

/** A stream is over when its client has left so much unread (docs/events.org, "Slow readers"). */
export const MOST_UNREAD_BYTES = 16 * 1024 * 1024;

/** One stream that has caught up: is sent what comes, as fast as its client reads. */
export class Listener {
  readonly #call: Call;
  readonly #reader: BacklogReader;

  /** @param left called when the stream is over, for whatever reason */
  constructor(call: Call, reader: BacklogReader, left: (listener: Listener) => void) {
    this.#call = call;
    this.#reader = reader;
    const stop = call.client.whenDrained(() => {
      this.pump();
    });
    call.whenOver(() => {
      stop();
      reader.close();
      left(this);
    });
  }

  end(reason: EndReason): void {
    this.#call.end(reason);
  }

  /** Sends what the client takes now. */
  pump(): void {
    while (this.#reader.waitingBytes > 0) {
      const queuedBytes = this.#call.client.queuedBytes();
      if (queuedBytes > WINDOW_BYTES) {
        if (queuedBytes + this.#reader.waitingBytes > MOST_UNREAD_BYTES) this.#call.end('too-slow');
        return;
      }
      const bytes = this.#reader.take();
      if (bytes === undefined) return;
      this.#call.write(bytes);
    }
  }
}
