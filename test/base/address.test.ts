import { describe, expect, test } from 'vitest';
import { canonicalHost, excludes, familyOf, showAddress, type Address } from '../../src/base/address.ts';

describe('a host has one form', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', 'ipv4'],
    ['localhost', '127.0.0.1', 'ipv4'],
    ['0.0.0.0', '0.0.0.0', 'ipv4'],
    ['*', '::', 'ipv6'],
    ['::', '::', 'ipv6'],
    ['0:0:0:0:0:0:0:1', '::1', 'ipv6'],
    ['FD00::00A', 'fd00::a', 'ipv6'],
    ['/run/web.sock', '/run/web.sock', 'unix'],
  ])('%s as %s', (host, form, family) => {
    expect(canonicalHost(host)).toBe(form);
    expect(familyOf(form)).toBe(family);
  });

  test.each([
    '',
    'example.org',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '1.2.3.4.',
    ':::',
    '::g',
    '/run/',
    `/${'x'.repeat(107)}`,
  ])('not %j', (host) => {
    expect(canonicalHost(host)).toBeUndefined();
  });
});

const at = (host: string, port = 80, protocol: 'tcp' | 'udp' = 'tcp'): Address => ({ protocol, host, port });

test.each([
  [at('127.0.0.1'), at('127.0.0.1'), true],
  [at('127.0.0.1'), at('127.0.0.2'), false],
  [at('127.0.0.1'), at('127.0.0.1', 81), false],
  [at('127.0.0.1'), at('127.0.0.1', 80, 'udp'), false],
  [at('127.0.0.1'), at('0.0.0.0'), true],
  [at('127.0.0.1'), at('::'), true],
  [at('0.0.0.0'), at('::'), true],
  [at('::1'), at('::'), true],
  [at('::1'), at('0.0.0.0'), false],
  [at('::1'), at('127.0.0.1'), false],
  [at('/run/a', 0), at('/run/a', 0, 'udp'), true],
  [at('/run/a', 0), at('/run/b', 0), false],
  [at('/run/a', 0), at('::', 0), false],
])('%j and %j exclude each other: %s', (one, other, verdict) => {
  expect(excludes(one, other)).toBe(verdict);
  expect(excludes(other, one)).toBe(verdict);
});

test.each([
  [at('127.0.0.1'), '127.0.0.1:80'],
  [at('::1', 53, 'udp'), '[::1]:53/udp'],
  [at('/run/a', 0), '/run/a'],
])('an address is shown as %j', (address, shown) => {
  expect(showAddress(address)).toBe(shown);
});
