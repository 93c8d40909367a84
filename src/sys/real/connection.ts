import { native, NATIVE_EVENT } from '../native.ts';
import type { Connection, ConnectionListener, Credentials, Descriptor } from '../sys.ts';
import { groupsOf } from './groups.ts';
import { mustSucceed, nativeError } from './native-error.ts';
import { leaveSlot, numbers, occupySlot, received } from './reactor.ts';

/** Added to the number of descriptors where some were dropped. */
const TRUNCATED = 1024;
const CLOSED = -1;

/** Behind what the present step has yet to do. A microtask, since the first use of `nextTick` takes 0.3 ms. */
const stepIsOver = Promise.resolve();
const flush = (): void => {
  native.flush();
};

/** Pid, uid and gid as the helper leaves them in `numbers`. */
export function peerFromNumbers(): Credentials {
  const [pid = 0, uid = -1, gid = -1] = numbers;
  return { pid, uid: uid >>> 0, gid: gid >>> 0 };
}

/**
 * A connection over a stream of the helper. What is written within one step leaves in one sendmsg
 * at its end; the queue is the helper's. A slot is held until the peer is gone or `close` is done.
 */
export class RealConnection implements Connection {
  readonly peer: Credentials;
  #slot: number;
  #listener: ConnectionListener | undefined;
  /** The peer was gone before it took all. */
  #isUnsent = false;

  /** `peer` from the `numbers` of the call or event that brought the slot. */
  constructor(slot: number, peer: Credentials) {
    this.#slot = slot;
    this.peer = peer;
  }

  listen(listener: ConnectionListener): void {
    if (this.#listener !== undefined || this.#slot === CLOSED)
      throw new Error('listened to already, or closed');
    this.#listener = listener;
    occupySlot(this.#slot, this.#event);
    this.#read(1);
  }

  write(bytes: Uint8Array, descriptors: readonly Descriptor[] = []): void {
    if (this.#slot === CLOSED) return;
    if (descriptors.length > 0) numbers.set(descriptors);
    if (mustSucceed(native.write(this.#slot, bytes, descriptors.length)) === 1) void stepIsOver.then(flush);
  }

  queuedBytes(): number {
    if (this.#slot === CLOSED) return this.#isUnsent ? Infinity : 0;
    const queued = native.queued(this.#slot);
    return queued < 0 ? Infinity : queued;
  }

  peerGroups(): readonly number[] {
    if (this.#slot === CLOSED) return [];
    const groups = native.peerGroups(this.#slot);
    return typeof groups === 'number' ? [] : groupsOf(groups);
  }

  endOutput(): void {
    if (this.#slot !== CLOSED && native.endOutput(this.#slot) === 1) void stepIsOver.then(flush);
  }

  pause(): void {
    this.#read(0);
  }

  resume(): void {
    this.#read(1);
  }

  close(now = false): void {
    this.#isUnsent = false;
    if (this.#slot === CLOSED) return;
    this.#listener = undefined;
    if (native.closeStream(this.#slot, now ? 1 : 0) === 1) this.#leave();
    else occupySlot(this.#slot, this.#event);
  }

  /** Only for want of memory can this fail; then there is nothing to be read for this peer any more. */
  #read(wanted: 0 | 1): void {
    if (this.#slot === CLOSED || nativeError(native.read(this.#slot, wanted)) === undefined) return;
    native.closeStream(this.#slot, 1);
    const listener = this.#leave();
    process.nextTick(() => listener?.gone());
  }

  #leave(): ConnectionListener | undefined {
    const listener = this.#listener;
    leaveSlot(this.#slot);
    this.#slot = CLOSED;
    this.#listener = undefined;
    return listener;
  }

  readonly #event = (event: number, a: number, b: number): void => {
    if (event === NATIVE_EVENT.DATA) this.#data(a, b);
    else if (event === NATIVE_EVENT.ENDED) this.#listener?.ended();
    else if (event === NATIVE_EVENT.DRAINED) this.#listener?.drained();
    else {
      const listener = this.#leave();
      this.#isUnsent = a !== 0 && listener !== undefined;
      listener?.gone();
    }
  };

  #data(byteCount: number, riders: number): void {
    const descriptors = riders === 0 ? NONE : Array.from(numbers.subarray(0, riders % TRUNCATED));
    if (this.#listener === undefined) {
      for (const descriptor of descriptors) native.closeDescriptor(descriptor);
      return;
    }
    this.#listener.data(received.subarray(0, byteCount), descriptors, riders >= TRUNCATED);
  }
}

const NONE: readonly Descriptor[] = [];
