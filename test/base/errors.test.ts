import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERRORS, isErrorCode, type ErrorCode } from '../../src/base/errors.ts';
import { failure, refuse } from '../../src/base/failure.ts';

/** What docs/errors.org says, heading by heading. */
interface Section {
  readonly title: string;
  readonly anchor: string | undefined;
  readonly meaning: string | undefined;
  readonly exitCode: number;
}

function readPage(): Section[] {
  const page = readFileSync(new URL('../../docs/errors.org', import.meta.url), 'utf8');
  return page
    .split(/^\* /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf('\n')),
      anchor: /^:CUSTOM_ID: (\S+)$/m.exec(section)?.[1],
      meaning: /^\/(.+)\/ · exit code/m.exec(section)?.[1],
      exitCode: Number(/· exit code (\d+)$/m.exec(section)?.[1]),
    }));
}

const codes = Object.keys(ERRORS) as ErrorCode[];

describe('the table of errors', () => {
  test('has the codes of the protocol page, in its order', () => {
    expect(codes.join(' ')).toBe(
      'syntax limit unknown-verb bad-argument not-found busy denied exec-failed timed-out failed unsupported ' +
        'shutting-down conflict cancelled unknown internal',
    );
  });

  test('and docs/errors.org say the same, code by code, both ways', () => {
    const inTable = codes.map((code) => ({
      title: code,
      anchor: ERRORS[code].anchor,
      meaning: ERRORS[code].meaning,
      exitCode: ERRORS[code].exitCode,
    }));
    expect(readPage()).toEqual(inTable);
  });

  test('gives no two codes the same anchor', () => {
    expect(new Set(codes.map((code) => ERRORS[code].anchor)).size).toBe(codes.length);
  });

  test('ends archonctl with 4 for a unit that does not exist and with 1 for all else', () => {
    expect(codes.filter((code) => ERRORS[code].exitCode === 4)).toEqual(['not-found']);
    expect(codes.filter((code) => ERRORS[code].exitCode !== 1)).toEqual(['not-found']);
  });

  test('has sentences without a full stop, since they are built into others', () => {
    for (const code of codes) expect(ERRORS[code].meaning).toMatch(/^[a-z].*[a-z]$/);
  });

  test('knows its codes by their words and nothing that only an object has', () => {
    expect(codes.every(isErrorCode)).toBe(true);
    expect(isErrorCode('constructor')).toBe(false);
    expect(isErrorCode('Syntax')).toBe(false);
  });
});

describe('a failure', () => {
  test('says what its code means where nothing more exact is known', () => {
    expect(failure('busy')).toEqual({ code: 'busy', message: 'the label is up' });
  });

  test('has no empty list of further fields', () => {
    expect(failure('busy', 'web is up', [])).not.toHaveProperty('more');
    expect(failure('exec-failed', 'no', ['exec', 'ENOENT']).more).toEqual(['exec', 'ENOENT']);
  });

  test('is what a refusal carries', () => {
    expect(refuse('limit', 'too many', ['3'])).toEqual({
      ok: false,
      error: { code: 'limit', message: 'too many', more: ['3'] },
    });
  });
});
