import { describe, expect, it } from 'vitest';
import { terminalNote } from '../../../src/archonctl/run/terminal.ts';

const SHELL = 'runs without a controlling terminal: it has no job control: Ctrl-Z stops it as a whole';
const PASSWORD = 'runs without a controlling terminal: it cannot ask for a password on /dev/tty';

describe('a person at a terminal is told', () => {
  it.each([
    [['bash'], `bash ${SHELL}`],
    [['/bin/sh', '-i'], `sh ${SHELL}`],
    [['sudo', 'ls'], `sudo ${PASSWORD}`],
    [['/usr/bin/ssh', 'host'], `ssh ${PASSWORD}`],
  ])('what %j lacks', (command, note) => {
    expect(terminalNote(command, () => true)).toBe(note);
  });

  it.each([[['sh', '-c', 'ls']], [['bash', '-x', 'script']], [['ls', 'bash']], [['vi']], [['']], [[]]])(
    'nothing of %j',
    (command) => {
      expect(terminalNote(command, () => true)).toBeUndefined();
    },
  );

  it('nothing where there is no terminal; most commands do not even ask', () => {
    expect(terminalNote(['bash'], () => false)).toBeUndefined();
    const mustNot = (): boolean => {
      throw new Error('asked');
    };
    expect(terminalNote(['ls'], mustNot)).toBeUndefined();
  });
});
