import fs from 'node:fs';
import { errnoNumber } from '../../base/errno.ts';
import { err, ok } from '../../base/result.ts';
import type { OldFiles } from '../old-files.ts';
import { lateFiles } from './late-files.ts';
import { thrownError } from './thrown-error.ts';

/** Read or decompressed at once. */
const PIECE_BYTES = 64 * 1024;

async function compressed(from: string, to: string, mode: number, signal: AbortSignal): Promise<void> {
  const { createGzip } = await import('node:zlib');
  const { pipeline } = await import('node:stream/promises');
  const files = await lateFiles();
  const out = await files.open(to, 'w', mode);
  try {
    await out.chmod(mode);
    const source = fs.createReadStream(from, { highWaterMark: PIECE_BYTES });
    const write = async (pieces: AsyncIterable<unknown>): Promise<void> => {
      for await (const piece of pieces) await out.writeFile(piece as Uint8Array);
    };
    await pipeline(source, createGzip({ chunkSize: PIECE_BYTES }), write, { signal });
    await out.datasync();
  } finally {
    await out.close();
  }
}

/** What is thrown for bytes that are no gzip has no errno of the system. */
function errorOf(error: unknown): ReturnType<typeof thrownError> {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string' && errnoNumber(code) !== undefined) return thrownError(error);
  return { code: 'EIO', errno: errnoNumber('EIO') ?? 0, call: 'read' };
}

/** `Sys.oldFiles`, on libuv's threads. */
export const realOldFiles: OldFiles = {
  compress(from, to, mode, done) {
    const givenUp = new AbortController();
    compressed(from, to, mode, givenUp.signal).then(
      () => {
        if (!givenUp.signal.aborted) done(ok(undefined));
      },
      (error: unknown) => {
        if (!givenUp.signal.aborted) done(err(errorOf(error)));
      },
    );
    return () => {
      givenUp.abort();
    };
  },

  async *content(path, isCompressed, fromBytes) {
    const source = fs.createReadStream(path, {
      highWaterMark: PIECE_BYTES,
      start: isCompressed ? 0 : fromBytes,
    });
    let left = isCompressed ? fromBytes : 0;
    try {
      const pieces = isCompressed ? source.pipe((await import('node:zlib')).createGunzip()) : source;
      if (pieces !== source) source.once('error', (error) => pieces.destroy(error));
      try {
        for await (const piece of pieces as AsyncIterable<Uint8Array>) {
          const skipped = Math.min(left, piece.length);
          left -= skipped;
          if (skipped < piece.length) yield ok(piece.subarray(skipped));
        }
      } finally {
        pieces.destroy();
      }
    } catch (error) {
      yield err(errorOf(error));
    } finally {
      source.destroy();
    }
  },

  discard(path, done): void {
    fs.rm(path, { recursive: true, force: true }, (error) => {
      done(error === null ? ok(undefined) : err(thrownError(error)));
    });
  },

  entries(folder, done): void {
    fs.readdir(folder, { withFileTypes: true }, (error, found) => {
      if (error !== null) done(err(thrownError(error)));
      else done(ok(found.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))));
    });
  },
};
