import type { Entry } from '../verb.ts';

/** All verbs by their names, in the order of the help. */
export const VERBS: Readonly<Record<string, Entry>> = {
  run: {
    summary: 'run a command to its end, with the input and output of this shell',
    load: async () => (await import('./run.ts')).run,
  },
  'start-daemon': {
    summary: 'start a command and leave it to the supervisor',
    load: async () => (await import('./start-daemon.ts')).startDaemon,
  },
  submit: { summary: 'the same in another habit', load: async () => (await import('./submit.ts')).submit },
  monitor: {
    summary: 'watch a process that was not started here',
    load: async () => (await import('./monitor.ts')).monitor,
  },
  start: { summary: 'start units', load: async () => (await import('./start.ts')).start },
  stop: { summary: 'stop units', load: async () => (await import('./stop.ts')).stop },
  restart: {
    summary: 'stop units and start them again',
    load: async () => (await import('./restart.ts')).restart,
  },
  enable: {
    summary: 'start units with the supervisor from now on',
    load: async () => (await import('./enable.ts')).enable,
  },
  disable: {
    summary: 'start them no more with the supervisor',
    load: async () => (await import('./disable.ts')).disable,
  },
  kill: { summary: 'send a signal to units', load: async () => (await import('./kill.ts')).kill },
  forget: {
    summary: 'end the records of what is down',
    load: async () => (await import('./forget.ts')).forget,
  },
  list: {
    aliases: ['ls'],
    summary: 'list units',
    load: async () => (await import('./list.ts')).list,
  },
  status: {
    summary: 'tell all about units, or of the supervisor',
    load: async () => (await import('./status.ts')).status,
  },
  tree: { summary: 'show the processes of units', load: async () => (await import('./tree.ts')).tree },
  top: {
    summary: 'show what units use, live',
    load: async () => (await import('./top.ts')).top,
  },
  'is-running': {
    summary: 'for scripts: whether units are running',
    load: async () => (await import('./is-running.ts')).isRunning,
  },
  wait: {
    summary: 'wait for the end of units, or for a state',
    load: async () => (await import('./wait.ts')).wait,
  },
  logs: { summary: 'print what units have written', load: async () => (await import('./logs.ts')).logs },
  events: { summary: 'print what has happened', load: async () => (await import('./events.ts')).events },
  why: {
    summary: 'tell why a unit is as it is',
    load: async () => (await import('./why.ts')).why,
  },
  subscribe: {
    summary: 'print what happens as it happens',
    load: async () => (await import('./subscribe.ts')).subscribe,
  },
  plan: {
    summary: 'say what a start or a stop would do',
    load: async () => (await import('./plan.ts')).plan,
  },
  boot: {
    summary: 'tell how the units came up at the last start',
    load: async () => (await import('./boot.ts')).boot,
  },
  dump: {
    summary: 'print what the supervisor goes by, such as its configuration',
    load: async () => (await import('./dump.ts')).dump,
  },
  port: {
    summary: 'run a command with a bound socket',
    load: async () => (await import('./port.ts')).port,
  },
  ports: { summary: 'list ports, and who has them', load: async () => (await import('./ports.ts')).ports },
  rules: {
    summary: 'list rules, check and test them, or replay what has happened to them',
    load: async () => (await import('./rules.ts')).rules,
  },
  check: {
    summary: 'say what is wrong with configuration files',
    load: async () => (await import('./check.ts')).check,
  },
  reload: {
    summary: 'read the configuration anew, and do what has changed',
    load: async () => (await import('./reload.ts')).reload,
  },
  confirm: {
    summary: 'keep what reload --confirm has brought into force',
    load: async () => (await import('./confirm.ts')).confirm,
  },
  completion: {
    summary: 'print what makes a shell complete words',
    load: async () => (await import('./completion.ts')).completion,
  },
  send: {
    summary: 'send one raw record and print the answer',
    load: async () => (await import('./send.ts')).send,
  },
  shutdown: {
    summary: 'stop everything, and the supervisor',
    load: async () => (await import('./shutdown.ts')).shutdown,
  },
};

/** The verb of that name or alias, by its own name. */
export function findVerb(word: string): readonly [name: string, entry: Entry] | undefined {
  if (Object.hasOwn(VERBS, word)) return Object.entries(VERBS).find(([name]) => name === word);
  return Object.entries(VERBS).find(([, { aliases = [] }]) => aliases.includes(word));
}
