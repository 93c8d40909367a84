import { expect, test } from 'vitest';
import { isPreloadable, preloading } from '../../src/base/preload.ts';

test('a library stands before what is to be preloaded anyway, and once', () => {
  expect(preloading('/shim.so')).toBe('/shim.so');
  expect(preloading('/shim.so', '')).toBe('/shim.so');
  expect(preloading('/shim.so', 'libc.so.6 /other.so:/third.so')).toBe(
    '/shim.so:libc.so.6:/other.so:/third.so',
  );
  expect(preloading('/shim.so', '/other.so:/shim.so')).toBe('/shim.so:/other.so');
});

test('a path that the loader would cut or change is of no use', () => {
  expect(['/a/b.so', '/a b.so', '/a:b.so', '/$LIB/b.so', '/a\n.so'].map(isPreloadable)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});
