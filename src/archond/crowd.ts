import type { Cancel, Connection, Sys } from '../sys/sys.ts';
import {
  FAIR_QUEUED_BYTES,
  LINGER_MS,
  MAX_KEPT_IN_ALL_BYTES,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_IN_ALL_BYTES,
  UNCOUNTED_BYTES,
  WAITING_SHARE,
} from './limits.ts';
import { Pool, type Holder } from './pool.ts';

/** What all clients use together, each of whom is bounded by itself too. */
export class Crowd {
  readonly #sys: Sys;
  readonly #kept: Pool;
  readonly #queued: Pool;
  /** What a descriptor counts for among kept bytes, so that no more than their share of all are kept. */
  readonly #descriptorBytes: number;

  /**
   * @param descriptorLimit how many descriptors this process may have open
   * @param share the part of what all clients may use that these may use
   */
  constructor(sys: Sys, descriptorLimit: number, share = 1) {
    this.#sys = sys;
    this.#kept = new Pool(MAX_KEPT_IN_ALL_BYTES * share);
    this.#queued = new Pool(MAX_QUEUED_IN_ALL_BYTES * share);
    this.#descriptorBytes = Math.ceil(MAX_KEPT_IN_ALL_BYTES / (descriptorLimit * WAITING_SHARE));
  }

  /** How much the holder keeps of what its client sent. */
  keeps(holder: Holder, bytes: number, descriptors: number): void {
    const counted = bytes < UNCOUNTED_BYTES ? 0 : bytes;
    this.#kept.set(holder, counted + descriptors * this.#descriptorBytes);
  }

  /** How much the holder's client has left unread. */
  queues(holder: Holder, bytes: number): void {
    this.#queued.set(holder, bytes);
  }

  /** How much one client may leave unread before it is not read any more. */
  get mostQueuedBytes(): number {
    return this.#queued.isTight ? FAIR_QUEUED_BYTES : MAX_QUEUED_BYTES;
  }

  /** Hangs up once the client has taken all that was written; sooner where it takes nothing for long, or others need the room. */
  hangUp(connection: Connection): void {
    connection.close();
    let queued = connection.queuedBytes();
    if (queued === 0) return;
    let cancel: Cancel = () => undefined;
    const end = (): void => {
      cancel();
      connection.close(true);
    };
    const holder = {
      giveWay: (): number => {
        if (this.#hasTaken(connection, queued)) return (queued = connection.queuedBytes());
        end();
        return 0;
      },
    };
    const look = (): void => {
      if (this.#hasTaken(connection, queued)) queued = connection.queuedBytes();
      else queued = 0;
      this.#queued.set(holder, queued);
      if (queued === 0) end();
      else cancel = this.#later(look);
    };
    cancel = this.#later(look);
    this.#queued.set(holder, queued);
  }

  #hasTaken(connection: Connection, queued: number): boolean {
    return connection.queuedBytes() < queued;
  }

  #later(action: () => void): Cancel {
    return this.#sys.timers.at(this.#sys.clock.monotonicMs() + LINGER_MS, action);
  }
}
