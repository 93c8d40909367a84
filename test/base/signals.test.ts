import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signalName, signalNumber } from '../../src/base/signals.ts';
import { expectRefusal, valueOf } from './results.ts';

describe('a signal is read', () => {
  test.each([
    ['SIGTERM', 15],
    ['TERM', 15],
    ['sigterm', 15],
    ['term', 15],
    ['15', 15],
    ['9', 9],
    ['SIGHUP', 1],
    ['SIGSYS', 31],
    ['SIGIOT', 6],
    ['CLD', 17],
    ['POLL', 29],
    ['32', 32],
    ['64', 64],
    ['SIGRTMIN', 34],
    ['RTMIN+3', 37],
    ['SIGRTMIN+30', 64],
    ['RTMAX', 64],
    ['SIGRTMAX-30', 34],
  ])('from %s as %d', (text, number) => {
    expect(valueOf(signalNumber(text))).toBe(number);
  });

  test.each([
    '',
    '0',
    '65',
    '-9',
    '015x',
    '999',
    'SIG',
    'SIGNOSUCH',
    'SIGSIGTERM',
    'RTMIN+31',
    'RTMIN-1',
    'RTMAX+1',
    'RTMAX-31',
    'RTMIN+',
    'RT',
    'constructor',
    'TERM ',
    'SIGTERM\n',
  ])('not from %j', (text) => {
    expectRefusal(
      signalNumber(text),
      'bad-argument',
      /is not a signal: write a name such as SIGTERM, or a number from 1 to 64$/,
    );
  });

  test('with the numbers that this system has', () => {
    // SIGPOLL, SIGIOT and SIGUNUSED are second names.
    for (const [name, number] of Object.entries(constants.signals))
      expect(valueOf(signalNumber(name))).toBe(number);
  });
});

describe('a signal is named', () => {
  test.each([
    [1, 'SIGHUP'],
    [9, 'SIGKILL'],
    [31, 'SIGSYS'],
    [32, '32'],
    [33, '33'],
    [34, 'SIGRTMIN'],
    [35, 'SIGRTMIN+1'],
    [63, 'SIGRTMIN+29'],
    [64, 'SIGRTMAX'],
  ])('%d as %s', (number, name) => {
    expect(signalName(number)).toBe(name);
  });

  test('so that each name is read back as its number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        (number) => valueOf(signalNumber(signalName(number))) === number,
      ),
    );
  });
});
