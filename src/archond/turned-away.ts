import type { Failure } from '../base/failure.ts';
import { encodeReply } from '../protocol/reply.ts';
import type { Cancel, Connection, Sys } from '../sys/sys.ts';
import { MAX_TURNED_AWAY, MAX_UNHEARD_BYTES, TURNED_AWAY_MS, TURNED_AWAY_SHARE } from './limits.ts';

/**
 * Connections that are not served. Each is told why, and its client may write meanwhile: somebody who sends
 * a request and then reads finds the answer, not a broken pipe. It ends with the client, or when the client
 * has had time to read it, or when others need its place.
 */
export class TurnedAway {
  readonly #sys: Sys;
  readonly #most: number;
  /** How to end each, the oldest first. */
  readonly #ends = new Set<Cancel>();

  /** @param descriptorLimit how many descriptors this process may have open */
  constructor(sys: Sys, descriptorLimit: number) {
    this.#sys = sys;
    this.#most = Math.max(1, Math.min(MAX_TURNED_AWAY, Math.floor(descriptorLimit * TURNED_AWAY_SHARE)));
  }

  /** Says why, as the one reply of the connection. */
  turnAway(connection: Connection, why: Failure): void {
    const { clock, timers, descriptors } = this.#sys;
    let unheardBytes = 0;
    const end = (): void => {
      cancel();
      this.#ends.delete(end);
      connection.close(true);
    };
    const cancel = timers.at(clock.monotonicMs() + TURNED_AWAY_MS, end);
    this.#ends.add(end);
    connection.listen({
      data: (bytes, sent) => {
        for (const descriptor of sent) descriptors.close(descriptor);
        unheardBytes += bytes.length;
        if (unheardBytes > MAX_UNHEARD_BYTES) end();
      },
      /* It may yet read; it is gone as soon as it has. */
      ended: () => undefined,
      gone: end,
      drained: () => undefined,
    });
    connection.write(Buffer.from(encodeReply({ kind: 'error', failure: why }), 'latin1'));
    connection.endOutput();
    const [oldest] = this.#ends;
    if (this.#ends.size > this.#most) oldest?.();
  }

  /** Ends all. */
  close(): void {
    for (const end of [...this.#ends]) end();
  }
}
