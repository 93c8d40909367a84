/** The table, the messages and the spawn block are in the byte order of the machine. */
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const LOW = LITTLE ? 0 : 4;
const HIGH = LITTLE ? 4 : 0;
const TWO_32 = 2 ** 32;

/**
 * Numbers of 16, 32 and 64 bits at offsets of some bytes, as C has them there. 64 bits come as a
 * number, exact below 2^53, or as a bigint.
 */
export class Words {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, LITTLE);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, LITTLE);
  }

  u64(at: number): number {
    return this.#view.getUint32(at + HIGH, LITTLE) * TWO_32 + this.#view.getUint32(at + LOW, LITTLE);
  }

  big(at: number): bigint {
    return this.#view.getBigUint64(at, LITTLE);
  }

  put16(at: number, value: number): void {
    this.#view.setUint16(at, value, LITTLE);
  }

  put32(at: number, value: number): void {
    this.#view.setUint32(at, value, LITTLE);
  }

  put64(at: number, value: number): void {
    this.#view.setUint32(at + LOW, value % TWO_32, LITTLE);
    this.#view.setUint32(at + HIGH, Math.floor(value / TWO_32), LITTLE);
  }

  putBig(at: number, value: bigint): void {
    this.#view.setBigUint64(at, value, LITTLE);
  }
}
