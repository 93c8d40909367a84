import { closeSync, constants, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isTerminal, takeKeyboard, terminalColumns, terminalRows } from '../../../src/sys/real/terminal.ts';

describe('a terminal', () => {
  it.each(['/dev/null', '/dev/zero', '/dev', '/proc/self/status'])('is not %s', (file) => {
    const descriptor = openSync(file, 'r');
    expect([isTerminal(descriptor), terminalColumns(descriptor), terminalRows(descriptor)]).toEqual([
      false,
      undefined,
      undefined,
    ]);
    const fail = (): never => expect.fail('nothing is to be heard');
    expect(takeKeyboard(descriptor, fail, fail)).toMatchObject({
      ok: false,
      error: { code: 'ENOTTY', call: 'tcsetattr' },
    });
    closeSync(descriptor);
  });

  it('is an end of a pair, and no descriptor that is closed', () => {
    const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
    expect(isTerminal(master)).toBe(true);
    closeSync(master);
    expect(isTerminal(master)).toBe(false);
  });
});
