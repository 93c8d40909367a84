import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { errnoNumber } from '../../base/errno.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { SysError } from '../sys.ts';
import { thrownError } from './thrown-error.ts';

/** Files of others that are read as a whole: configurations. Nothing but plain files is opened for long, so that none of it waits for a writer. */
export const reading = {
  /** At most so many bytes from the beginning of a plain file; `EISDIR` for a folder, `EINVAL` for what else is no file. */
  read(path: string, mostBytes: number): Result<Uint8Array, SysError> {
    try {
      /* Without O_NONBLOCK a FIFO would be waited for. */
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const status = fstatSync(descriptor);
        if (!status.isFile()) return refused(status.isDirectory() ? 'EISDIR' : 'EINVAL');
        return ok(readUpTo(descriptor, mostBytes));
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      return err(thrownError(error));
    }
  },

  /** The names in a folder, in no order. */
  list(folder: string): Result<readonly string[], SysError> {
    try {
      return ok(readdirSync(folder));
    } catch (error) {
      return err(thrownError(error));
    }
  },

  /** What a path leads to, links followed. */
  kindOf(path: string): Result<'file' | 'folder' | 'other', SysError> {
    try {
      const status = statSync(path);
      return ok(status.isFile() ? 'file' : status.isDirectory() ? 'folder' : 'other');
    } catch (error) {
      return err(thrownError(error));
    }
  },
};

const PIECE_BYTES = 65_536;

/** Reads to the end, which may lie elsewhere than the size says (proc(5)). */
function readUpTo(descriptor: number, mostBytes: number): Uint8Array {
  const pieces: Buffer[] = [];
  let bytes = 0;
  while (bytes < mostBytes) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, mostBytes - bytes));
    const count = readSync(descriptor, piece);
    if (count === 0) break;
    pieces.push(piece.subarray(0, count));
    bytes += count;
  }
  return Buffer.concat(pieces);
}

function refused(code: string): { readonly ok: false; readonly error: SysError } {
  return err({ code, errno: errnoNumber(code) ?? 0, call: 'open' });
}
