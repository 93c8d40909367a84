import type { Cancel, Credentials } from '../sys.ts';
import { type FileKind, OpenFile, type Reading } from './open-file.ts';

/** Who connects, or listens. */
export interface Caller extends Credentials {
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** Bytes of one buffer of the kernel, and the descriptors that ride on its first byte. */
interface Segment {
  readonly bytes: Uint8Array;
  readonly files: readonly OpenFile[];
}

/** What one recvmsg(2) brings. The files belong to the receiver. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly files: readonly OpenFile[];
}

/** The kernel cuts a message that carries descriptors into buffers of about this size; they ride on the first. */
const CARRYING_BUFFER_BYTES = 36_552;

/** One end of a connected Unix stream socket (unix(7)). */
export class StreamEnd extends OpenFile {
  readonly kind: FileKind = 'socket';
  /** Who is at the other end. */
  readonly peer: Caller;
  readonly #capacityBytes: number;
  readonly #watchers = new Set<() => void>();
  #other: StreamEnd | undefined;
  #incoming: Segment[] = [];
  #incomingBytes = 0;
  #outputEnded = false;

  constructor(peer: Caller, capacityBytes: number) {
    super();
    this.peer = peer;
    this.#capacityBytes = capacityBytes;
  }

  /** Makes two ends a connection. */
  join(other: StreamEnd): void {
    this.#other = other;
    other.#other = this;
  }

  /** The other end is closed, or both have said that they send nothing more: the hang-up of poll(2). */
  get peerGone(): boolean {
    const other = this.#other;
    return other?.isOpen !== true || (this.#outputEnded && other.#outputEnded);
  }

  /**
   * Puts as many of the bytes as there is room for into the other end's buffer. The files go along
   * with the first byte and belong to the receiver from then on; where no byte is taken they stay the caller's. The bytes are not copied.
   */
  send(bytes: Uint8Array, files: readonly OpenFile[]): number | 'broken' {
    const other = this.#other;
    if (other?.isOpen !== true || this.#outputEnded) return 'broken';
    const taken = bytes.subarray(0, Math.max(0, other.#capacityBytes - other.#incomingBytes));
    if (taken.length === 0) return 0;
    if (files.length === 0) {
      other.#incoming.push({ bytes: taken, files });
    } else {
      other.#incoming.push({ bytes: taken.subarray(0, CARRYING_BUFFER_BYTES), files });
      const rest = taken.subarray(CARRYING_BUFFER_BYTES);
      if (rest.length > 0) other.#incoming.push({ bytes: rest, files: [] });
    }
    other.#incomingBytes += taken.length;
    other.#changed();
    return taken.length;
  }

  /** Takes bytes out, never beyond the buffer that carried descriptors. */
  receive(mostBytes: number): Received | 'again' | 'end' {
    if (this.#incoming.length === 0) {
      const over = this.#other === undefined || !this.#other.isOpen || this.#other.#outputEnded;
      return over ? 'end' : 'again';
    }
    const parts: Uint8Array[] = [];
    let files: readonly OpenFile[] = [];
    let total = 0;
    for (let first = this.#incoming[0]; first !== undefined && total < mostBytes; first = this.#incoming[0]) {
      const part = first.bytes.subarray(0, mostBytes - total);
      parts.push(part);
      total += part.length;
      if (part.length === first.bytes.length) this.#incoming.shift();
      else this.#incoming[0] = { bytes: first.bytes.subarray(part.length), files: [] };
      files = first.files;
      if (files.length > 0) break;
    }
    this.#incomingBytes -= total;
    if (this.#other?.isOpen === true) this.#other.#changed();
    const [only, second] = parts;
    return { bytes: only !== undefined && second === undefined ? only : Buffer.concat(parts, total), files };
  }

  /** Says that nothing more will be sent (shutdown(2) of writing). */
  endOutput(): void {
    this.#outputEnded = true;
    if (this.#other?.isOpen === true) this.#other.#changed();
  }

  override read(mostBytes: number): Reading {
    const received = this.receive(mostBytes);
    if (typeof received === 'string') return received;
    for (const file of received.files) file.release();
    return received.bytes;
  }

  override write(bytes: Uint8Array): number | 'broken' {
    return this.send(bytes, []);
  }

  override watch(changed: () => void): Cancel {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  protected override closed(): void {
    for (const segment of this.#incoming) for (const file of segment.files) file.release();
    this.#incoming = [];
    this.#incomingBytes = 0;
    if (this.#other?.isOpen === true) this.#other.#changed();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** A listening socket: whoever connects waits here until it is accepted. */
export class ListeningSocket extends OpenFile {
  readonly kind: FileKind = 'socket';
  /** Who called listen(2). */
  readonly owner: Caller;
  readonly #arrived: (end: StreamEnd) => void;

  /** `arrived` gets this side's end of each new connection, and owns it. */
  constructor(owner: Caller, arrived: (end: StreamEnd) => void) {
    super();
    this.owner = owner;
    this.#arrived = arrived;
  }

  /** Connects `client`; returns the client's end, which belongs to the caller. */
  connect(client: Caller, bufferBytes: number): StreamEnd {
    const mine = new StreamEnd(client, bufferBytes);
    const theirs = new StreamEnd(this.owner, bufferBytes);
    mine.join(theirs);
    this.#arrived(mine);
    return theirs;
  }

  override read(): Reading {
    return 'again';
  }

  override write(): number | 'broken' {
    return 'broken';
  }

  override watch(): Cancel {
    return () => undefined;
  }

  protected override closed(): void {
    // Connections that nobody has accepted are closed by the owner of `arrived`.
  }
}
