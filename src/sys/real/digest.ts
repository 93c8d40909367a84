import { createHash } from 'node:crypto';

/** A text for bytes that no other bytes have: their SHA-256 in base64. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
