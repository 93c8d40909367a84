import { fstatSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import type tty from 'node:tty';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { Descriptor, SysError } from '../sys.ts';
import { thrownError } from './thrown-error.ts';

/** How long a descriptor that somebody has made non-blocking is given to take more. */
const FULL_PAUSE_MS = 5;

/** What one can wait on without a loop of events: nobody ever wakes it. */
const nobody = new Int32Array(new SharedArrayBuffer(4));

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
      Atomics.wait(nobody, 0, 0, FULL_PAUSE_MS);
    }
  }
  return ok(undefined);
}

/** The devices with this major number are memory, /dev/null among them (Linux, admin-guide/devices.txt). */
const MEMORY_DEVICES = 1;

/** Whether a descriptor is a terminal; only asks. */
export function isTerminal(descriptor: Descriptor): boolean {
  return terminals(descriptor)?.isatty(descriptor) ?? false;
}

/** Columns of the terminal behind a descriptor, undefined where it is none or does not know. */
export function terminalColumns(descriptor: Descriptor): number | undefined {
  const module = terminals(descriptor);
  if (module?.isatty(descriptor) !== true) return undefined;
  const { columns } = new module.WriteStream(descriptor);
  return columns > 0 ? columns : undefined;
}

/** The module for terminals, which takes 2 ms to load; undefined where the descriptor cannot be one. */
function terminals(descriptor: Descriptor): typeof tty | undefined {
  try {
    const status = fstatSync(descriptor);
    const isMemory = status.rdev >> 8 === MEMORY_DEVICES;
    if (!status.isCharacterDevice() || isMemory) return undefined;
    return createRequire(import.meta.url)('node:tty') as typeof tty;
  } catch {
    return undefined;
  }
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
