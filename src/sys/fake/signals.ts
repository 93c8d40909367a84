import { constants } from 'node:os';

/** What a signal does to a process that does not handle it. */
export type DefaultAction = 'nothing' | 'stop' | 'end' | 'end-with-core';

const ACTIONS: ReadonlyMap<number, DefaultAction> = new Map(
  (
    [
      ['nothing', ['SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH']],
      ['stop', ['SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']],
      [
        'end-with-core',
        [
          'SIGQUIT',
          'SIGILL',
          'SIGTRAP',
          'SIGABRT',
          'SIGBUS',
          'SIGFPE',
          'SIGSEGV',
          'SIGXCPU',
          'SIGXFSZ',
          'SIGSYS',
        ],
      ],
    ] as const
  ).flatMap(([action, names]) => names.map((name) => [constants.signals[name], action] as const)),
);

/** The default disposition of a signal (signal(7)). */
export function defaultAction(signal: number): DefaultAction {
  return ACTIONS.get(signal) ?? 'end';
}
