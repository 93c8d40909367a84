import { fstatSync, readFileSync, readlinkSync, writeFileSync, writeSync } from 'node:fs';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Descriptor, SysError } from '../sys.ts';
import { occupySlot } from './reactor.ts';
import { thrownError } from './thrown-error.ts';

/** How long a descriptor that somebody has made non-blocking is given to take more. */
const FULL_PAUSE_MS = 5;

/**
 * Writes all of `bytes` to a descriptor that the caller of this program gave it, and returns when they are
 * taken. Unlike `process.stdout` it leaves the descriptor as it is: setting it up there would put O_NONBLOCK
 * on a description that other programs share. `EPIPE` where nobody reads any more.
 */
export function writeAll(descriptor: Descriptor, bytes: Uint8Array): Result<undefined, SysError> {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const fault = thrownError(error);
      if (fault.code !== 'EAGAIN') return err(fault);
      pause(FULL_PAUSE_MS);
    }
  }
  return ok(undefined);
}

/** Calls back when a descriptor that is the writing end of a pipe has no reader any more; never for what is no pipe. */
export function whenReaderGone(descriptor: Descriptor, gone: () => void): void {
  let slot = -1;
  try {
    if (fstatSync(descriptor).isFIFO()) slot = native.watchReadable(descriptor);
  } catch {
    return; // it is closed
  }
  if (slot < 0) return;
  occupySlot(slot, (_event, isReadable) => {
    if (isReadable === 0) gone();
    else native.unwatchReadable(slot);
  });
}

/** Stands still, without a loop of events: it waits for what nobody ever does. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** The flag of Node that bin/archonctl gives. */
const OWN_FLAG = '--no-rehash-snapshot';

/**
 * Ends this program. All that it wrote has been taken (`writeAll`), so that nothing is lost by not taking the
 * engine apart first; where Node was told to write something at its end, it is let.
 */
export function exit(code: number): never {
  const { env, execArgv } = process;
  const isTold =
    'NODE_OPTIONS' in env || 'NODE_V8_COVERAGE' in env || execArgv.some((flag) => flag !== OWN_FLAG);
  if (isTold) process.exit(code);
  return native.exit(code);
}

const OWN_FILES = { arguments: '/proc/self/cmdline', environment: '/proc/self/environ' } as const;

/**
 * What this process was started with, as bytes (proc(5)): its arguments and its environment, each string
 * ended by NUL, and its folder. Node gives the same as text, in which a byte that is not UTF-8 is lost.
 * Errors of open(2) and readlink(2).
 */
export function ownBytes(what: 'arguments' | 'environment' | 'folder'): Result<Uint8Array, SysError> {
  try {
    return ok(
      what === 'folder'
        ? readlinkSync('/proc/self/cwd', { encoding: 'buffer' })
        : readFileSync(OWN_FILES[what]),
    );
  } catch (error) {
    return err(thrownError(error));
  }
}

/** Writes a file that the caller of this program has named, anew where there is one. */
export function saveFile(path: string, bytes: Uint8Array): Result<undefined, SysError> {
  try {
    writeFileSync(path, bytes);
    return ok(undefined);
  } catch (error) {
    return err(thrownError(error));
  }
}
