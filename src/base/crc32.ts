/** The reflected polynomial of CRC-32 (IEEE 802.3, 3.2.9; ISO/IEC 13239). */
const POLYNOMIAL = 0xedb88320;

/** How many bytes are taken at once; each has a table of its own. */
const STRIDE = 4;

/** `TABLES[n * 256 + byte]`: what a byte does to the remainder with `n` more bytes behind it. */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(STRIDE * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
    }
    tables[byte] = remainder;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/**
 * The CRC-32 of `bytes` from `from` to `to` (excluded), 0 to 2^32 - 1: that of Ethernet, gzip and zip.
 * It tells torn and damaged bytes from whole ones; it protects against nobody.
 */
export function crc32(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  let remainder = -1;
  let at = from;
  for (; at + STRIDE <= to; at += STRIDE) {
    remainder ^=
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    remainder =
      (TABLES[768 + (remainder & 0xff)] ?? 0) ^
      (TABLES[512 + ((remainder >>> 8) & 0xff)] ?? 0) ^
      (TABLES[256 + ((remainder >>> 16) & 0xff)] ?? 0) ^
      (TABLES[remainder >>> 24] ?? 0);
  }
  for (; at < to; at += 1) {
    remainder = (TABLES[(remainder ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (remainder >>> 8);
  }
  return ~remainder >>> 0;
}
