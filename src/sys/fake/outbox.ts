import type { OpenFile } from './open-file.ts';
import type { StreamEnd } from './stream-socket.ts';

interface Parcel {
  bytes: Uint8Array;
  files: readonly OpenFile[];
}

/** What waits to be taken by the kernel, in order: each parcel is a sendmsg(2) of its own. */
export class Outbox {
  readonly #parcels: Parcel[] = [];
  #bytes = 0;

  /** Bytes that are not taken yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a parcel; holds the files until they are sent. The bytes are copied. */
  add(bytes: Uint8Array, files: readonly OpenFile[]): void {
    if (bytes.length === 0) return;
    this.#parcels.push({ bytes: new Uint8Array(bytes), files: files.map((file) => file.hold()) });
    this.#bytes += bytes.length;
  }

  /** Sends as far as the peer's buffer takes it, of a parcel `mostBytes` at most. */
  flush(end: StreamEnd, mostBytes = Infinity): 'empty' | 'full' | 'broken' {
    for (let parcel = this.#parcels[0]; parcel !== undefined; parcel = this.#parcels[0]) {
      const taken = end.send(parcel.bytes.subarray(0, mostBytes), parcel.files);
      if (taken === 'broken') return 'broken';
      if (taken > 0) parcel.files = [];
      this.#bytes -= taken;
      if (taken < parcel.bytes.length) {
        parcel.bytes = parcel.bytes.subarray(taken);
        return 'full';
      }
      this.#parcels.shift();
    }
    return 'empty';
  }

  /** Throws away what is left. */
  clear(): void {
    for (const parcel of this.#parcels) for (const file of parcel.files) file.release();
    this.#parcels.length = 0;
    this.#bytes = 0;
  }
}
