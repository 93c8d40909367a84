import type { AppendFile, Written } from '../sys/sys.ts';
import { headPayload, type Head } from './head.ts';
import { LINE_TYPES, LineBuffer } from './line.ts';
import { PIECE_BYTES } from './reader.ts';
import type { Values } from './values.ts';

/** Writes the beginning of a segment: its head, a line for each value, and how many those were. */
export function writeCheckpoint(head: Head, values: Values, file: AppendFile): Written {
  const lines = new LineBuffer();
  let bytes = 0;
  const write = (): Written => {
    const written = file.write(lines.bytes());
    lines.drop(lines.length);
    bytes += written.bytes;
    return { bytes, error: written.error };
  };
  lines.add(LINE_TYPES.head, headPayload(head));
  for (const { type, payload } of values.lines()) {
    lines.add(type, payload);
    if (lines.length < PIECE_BYTES) continue;
    const written = write();
    if (written.error !== undefined) return written;
  }
  lines.add(LINE_TYPES.checkpoint, String(values.count));
  return write();
}
