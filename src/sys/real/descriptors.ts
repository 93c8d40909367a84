import { openSync } from 'node:fs';
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { native } from '../native.ts';
import type { Descriptor, Descriptors, SysError } from '../sys.ts';
import { nativeError, nativeResult } from './native-error.ts';
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

  holding: (bytes) => nativeResult(native.holding(bytes)),
};
