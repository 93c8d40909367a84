import { openSync } from 'node:fs';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Descriptor, Descriptors, SysError } from '../sys.ts';
import { nativeError, nativeResult } from './native-error.ts';
import { received } from './reactor.ts';
import { whenReadable } from './readable.ts';
import { thrownError } from './thrown-error.ts';

/** `enum kind` of native/helper/descriptor.c. */
const KINDS = ['pidfd', 'socket', 'pipe', 'file', 'folder', 'character', 'block', 'other'];

/** `Sys.descriptors`. */
export const realDescriptors: Descriptors = {
  close: (descriptor) => native.closeDescriptor(descriptor),

  duplicate: (descriptor) => nativeResult(native.duplicate(descriptor)),

  kindOf(descriptor): Result<string, SysError> {
    const kind = native.kindOf(descriptor);
    const error = nativeError(kind);
    return error === undefined ? ok(KINDS[kind] ?? 'other') : err(error);
  },

  openNull(): Result<Descriptor, SysError> {
    try {
      return ok(openSync('/dev/null', 'r+'));
    } catch (error) {
      return err(thrownError(error));
    }
  },

  whenReadable,

  readNow(descriptor): Result<Uint8Array, SysError> {
    const bytes = native.readNow(descriptor);
    const error = nativeError(bytes);
    return error === undefined ? ok(new Uint8Array(received.subarray(0, bytes))) : err(error);
  },

  peekNow(pipe): Result<Uint8Array, SysError> {
    const bytes = native.peekNow(pipe);
    const error = nativeError(bytes);
    return error === undefined ? ok(new Uint8Array(received.subarray(0, bytes))) : err(error);
  },

  holding: (bytes) => nativeResult(native.holding(bytes)),
};
