import { expect } from 'vitest';
import type { ErrorCode } from '../../src/base/errors.ts';
import type { Failure } from '../../src/base/failure.ts';
import type { Result } from '../../src/base/result.ts';

/** The value of a result that must be a success. */
export function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The failure of a result that must be one. */
export function failureOf(result: Result<unknown, Failure>): Failure {
  if (result.ok) throw new Error('was not refused');
  return result.error;
}

/** Asserts code and message of a refusal. */
export function expectRefusal(result: Result<unknown, Failure>, code: ErrorCode, message: RegExp): void {
  const refused = failureOf(result);
  expect(refused.message).toMatch(message);
  expect(refused.code).toBe(code);
}
