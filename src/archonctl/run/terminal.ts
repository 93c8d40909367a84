import { isTerminal } from '../../sys/dialer.ts';

const INPUT = 0;
const ERROR = 2;

/** Programs to which a controlling terminal matters, and what they lack without one. */
const NEEDS: readonly (readonly [programs: string, lack: string])[] = [
  ['sh ash bash dash fish ksh mksh tcsh zsh', 'it has no job control: Ctrl-Z stops it as a whole'],
  ['su sudo doas ssh scp sftp passwd login gpg pinentry', 'it cannot ask for a password on /dev/tty'],
];

/**
 * What a person at a terminal should know before this command runs without a controlling one; undefined
 * where it does not matter. A shell that is given a script or a command does not care.
 */
export function terminalNote(
  command: readonly string[],
  isAtTerminal = (): boolean => isTerminal(INPUT) && isTerminal(ERROR),
): string | undefined {
  const name = (command[0] ?? '').replace(/^.*\//, '');
  const [index, found] =
    [...NEEDS.entries()].find(([, [programs]]) => programs.split(' ').includes(name)) ?? [];
  const isShellAtWork =
    index === 0 && command.slice(1).some((word) => word === '-c' || !word.startsWith('-'));
  if (found === undefined || isShellAtWork || !isAtTerminal()) return undefined;
  return `${name} runs without a controlling terminal: ${found[1]}`;
}
