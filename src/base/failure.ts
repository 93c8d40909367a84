import { ERRORS, type ErrorCode } from './errors.ts';
import { err } from './result.ts';

/**
 * An expected failure, as it goes to whoever asked: `Error,<message>,<code>[,<more>…]`. Anything
 * that can go wrong without a defect in this program is one of these; what is thrown is a defect.
 */
export interface Failure {
  readonly code: ErrorCode;
  /** A sentence for people without a full stop; what it quotes of a request may be bytes (see protocol/bytes.ts). */
  readonly message: string;
  /** Further fields for programs, such as exec stage and errno. Absent where there are none. */
  readonly more?: readonly string[];
}

/** A failure with `code`; the message defaults to the meaning of the code. */
export function failure(
  code: ErrorCode,
  message: string = ERRORS[code].meaning,
  more: readonly string[] = [],
): Failure {
  return more.length === 0 ? { code, message } : { code, message, more };
}

/** The failed result with `code` and `message`. */
export function refuse(
  code: ErrorCode,
  message?: string,
  more?: readonly string[],
): { readonly ok: false; readonly error: Failure } {
  return err(failure(code, message, more));
}
