import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeErrno, errnoName, errnoNumber } from '../../src/base/errno.ts';

/** Numbers that asm-generic/errno.h leaves out. */
const GAPS = [41, 58];

describe('the table of errnos', () => {
  test('has every number of Linux and no other', () => {
    for (let errno = 1; errno <= 133; errno += 1) {
      expect(errnoName(errno)).toMatch(GAPS.includes(errno) ? /^errno \d+$/ : /^E[A-Z0-9]+$/);
    }
    for (const errno of [-1, 0, 41, 134, 4095, NaN]) expect(errnoName(errno)).toBe(`errno ${errno}`);
  });

  test('has the numbers that this system has', () => {
    for (const [name, errno] of Object.entries(constants.errno)) expect(errnoNumber(name)).toBe(errno);
  });

  test('has the names that Node has', () => {
    for (let errno = 1; errno <= 133; errno += 1) {
      const known = getSystemErrorName(-errno);
      if (known.startsWith('E')) expect(errnoNumber(known)).toBe(errno);
    }
  });

  test('leads from each name back to its number', () => {
    for (let errno = 1; errno <= 133; errno += 1) {
      if (!GAPS.includes(errno)) expect(errnoNumber(errnoName(errno))).toBe(errno);
    }
  });

  test('knows second names but reports the first', () => {
    expect(errnoNumber('EWOULDBLOCK')).toBe(11);
    expect(errnoNumber('ENOTSUP')).toBe(95);
    expect(describeErrno('EDEADLOCK')).toBe('EDEADLK (Resource deadlock avoided)');
  });

  test('knows no name that only an object has', () => {
    expect(errnoNumber('constructor')).toBeUndefined();
    expect(errnoNumber('enoent')).toBeUndefined();
  });
});

describe('an errno is described', () => {
  test.each([
    [2, 'ENOENT (No such file or directory)'],
    ['EACCES', 'EACCES (Permission denied)'],
    [8, 'ENOEXEC (Exec format error)'],
    [133, 'EHWPOISON (Memory page has hardware error)'],
    [999, 'errno 999'],
    ['ENOSUCH', 'ENOSUCH'],
  ])('%s as %s', (errno, text) => {
    expect(describeErrno(errno)).toBe(text);
  });
});
