import { describe, expect, it } from 'vitest';
import { runExitCode } from '../../../src/archonctl/run/exit-code.ts';
import { ERRORS, type ErrorCode } from '../../../src/base/errors.ts';
import { failure } from '../../../src/base/failure.ts';

const failed = (code: ErrorCode, ...more: string[]) =>
  runExitCode({ kind: 'error', failure: failure(code, 'so', more) });

describe('the exit code of run', () => {
  it.each([0, 1, 124, 137, 255])("is the command's own: %i", (code) => {
    expect(runExitCode({ kind: 'exit-status', code })).toBe(code);
  });

  it.each([
    ['ENOENT', 127],
    ['ENOTDIR', 127],
    ['EACCES', 126],
    ['ENOEXEC', 126],
    ['E2BIG', 126],
    ['ETXTBSY', 126],
  ])('where exec itself failed with %s is %i', (errno, code) => {
    expect(failed('exec-failed', 'exec', errno)).toBe(code);
  });

  it.each(['cwd', 'user', 'descriptors', 'cgroup'])('where it failed before, at %s, is 125', (stage) => {
    expect(failed('exec-failed', stage, 'ENOENT')).toBe(125);
  });

  it('is 125 for every other error, and for an answer that no Run has', () => {
    const others = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => code !== 'exec-failed');
    for (const code of others) expect([code, failed(code)]).toEqual([code, 125]);
    expect(failed('exec-failed')).toBe(125);
    expect(runExitCode({ kind: 'ok', fields: [] })).toBe(125);
  });
});
