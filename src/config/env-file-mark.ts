import { crc32 } from '../base/crc32.ts';
import type { Result } from '../base/result.ts';
import type { ConfigFault } from './system.ts';

/** More of a file of settings is not read. */
export const MOST_ENV_FILE_BYTES = 1024 * 1024;

/** What tells whether a file of settings is another one than before: `SIZE:CRC` of its bytes, or the name of the errno for which it cannot be read. */
export function envFileMark(read: Result<Uint8Array, ConfigFault>): string {
  if (!read.ok) return read.error.code;
  return `${read.value.length}:${crc32(read.value).toString(16)}`;
}
