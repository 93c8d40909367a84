import type { Chance } from './chance.ts';

type List = readonly [string, ...string[]];

const LABELS: List = ['a', 'web', 'db/one', 'x.y', 'gone', 'true', 'echo-2', 'watched', 'l@1', 'A+b:c'];
const GLOBS: List = ['*', 'w?b', '"{a,web}"', '[a-d]*', 'gone*', '"{web,}x"', '[!a]', '**', 'db/*'];
const COMMANDS: List = ['true', 'false', 'echo hi', 'echo', 'sleep 0.01', 'nosuch', 'nosuch-at-all x'];
const TAGS: List = ['#1', '#2', '#3', '#a.b', '#-', '#_', `#${'t'.repeat(64)}`];
const SIGNALS: List = ['TERM', 'SIGKILL', '1', 'hup', 'USR1', '0', '65', 'SIGRTMIN+2', 'nosuch'];
const DURATIONS: List = ['5ms', '0', '10s', '1d', '1h30m', '-1', '99999999999d', ''];
const SETTINGS: List = ['A=1', 'B=', 'C=x=y', '_D="a,b"', 'E=\\xff\\x01', '9=x', 'F', '=', 'A=2'];
const STATES: List = ['running', 'stopped', 'failed', 'finished', 'backoff', 'nosuch'];

/** Requests of every kind that are right, or nearly. */
const MAKERS: readonly [(chance: Chance) => string, ...((chance: Chance) => string)[]] = [
  () => 'Version',
  () => 'List',
  (c) => `List,${c.pick(GLOBS)}`,
  (c) => `Status,${c.pick(LABELS)}`,
  (c) => `Tree,${c.pick(LABELS)}`,
  (c) => `Wait,${c.pick(LABELS)},@timeout=${c.below(20)}ms`,
  (c) => `Wait,${c.pick(LABELS)},@for=${c.pick(STATES)},@timeout=${c.below(20)}ms`,
  (c) => `${c.pick(['Start', 'Stop', 'Restart'])},${c.pick(LABELS)},${c.pick(GLOBS)}`,
  (c) => `${c.pick(['Start', 'Stop', 'Restart'])},${c.pick(LABELS)},@timeout=${c.pick(DURATIONS)}`,
  (c) => `${c.pick(['Stop', 'Restart'])},${c.pick(GLOBS)},@wait=0,@force=1`,
  (c) => `StopDaemon,${c.pick(LABELS)}`,
  (c) => `Signal,${c.pick(SIGNALS)},${c.pick(LABELS)},@scope=${c.pick(['main', 'group', 'tree', 'x'])}`,
  (c) => `Signal,${c.pick(SIGNALS)},${c.pick(GLOBS)}`,
  (c) => `Forget,${c.pick(LABELS)},${c.pick(GLOBS)}`,
  (c) => `${c.pick(['Enable', 'Disable'])},${c.pick(LABELS)}`,
  (c) => `Events,${c.pick(GLOBS)},@last=${c.below(9)},@kind=${c.pick(['exited', 'failed', 'X'])}`,
  (c) => `Log,${c.pick(LABELS)},@lines=${c.below(9)}`,
  (c) => `Cancel,${c.pick(TAGS)}`,
  (c) => `MonitorPid,${2 ** 31 - 1 - c.below(9)},@label=${c.pick(LABELS)}`,
  () => 'MonitorFD',
  (c) => `Dump,${c.pick(['config', 'state', 'x'])}`,
  (c) => `Plan,start,${c.pick(LABELS)}`,
  () => 'Boot',
  (c) => `Port,${c.pick(LABELS)},@port=${c.below(70_000)}`,
  (c) => `${c.pick(['Link', 'Unlink'])},a,b,${c.pick(['stop-with', 'notify', 'x'])}`,
  () => 'Links',
  (c) => `Why,${c.pick(LABELS)}`,
  () => 'Rules',
  (c) => `Run,nosuch${c.below(9)},${c.pick(SETTINGS)},${c.pick(SETTINGS)}`,
  (c) => `Subscribe,${c.pick(GLOBS)}`,
];

/** Requests that make processes, each of which costs as much as hundreds of others. */
const SPAWNING: readonly [(chance: Chance) => string, ...((chance: Chance) => string)[]] = [
  (c) => `Run,${c.pick(COMMANDS)},${c.pick(SETTINGS)},@label=${c.pick(LABELS)}`,
  (c) => `Run,${c.pick(COMMANDS)},@stdin=some text,@keep=${c.below(2)}`,
  (c) => `Run,${c.pick(COMMANDS)},@cwd=${c.pick(['/', '/nosuch', 'x'])},@umask=0${c.below(9)}7`,
  (c) => `Run,sleep 1000,@timeout=${c.below(20)}ms`,
  (c) => `Run,true,@user=${c.pick(['root', '0', 'nosuchuser'])},@clean-env=1`,
  (c) => `StartDaemon,sleep 1000,@label=${c.pick(LABELS)},@restart=${c.pick(['always', 'never'])}`,
  (c) => `StartDaemon,${c.pick(COMMANDS)},@label=,@stop-signal=${c.pick(SIGNALS)}`,
  (c) => `StartDaemon,${c.pick(COMMANDS)},@label=${c.pick(LABELS)},@restart=on-failure`,
];

const SPECIAL: List = [
  '"',
  '""',
  ',',
  '\\',
  '\\x00',
  '\\xff',
  '\\n',
  '\r',
  '\n',
  '#',
  '@',
  '{',
  '[',
  '=',
  "'",
  ' ',
  '\0',
];

/** A line that a client could have meant; `isTagged` ones may last until they are cancelled. */
export function validLine(chance: Chance): string {
  const line = chance.onceIn(25) ? chance.pick(SPAWNING)(chance) : chance.pick(MAKERS)(chance);
  const cased = chance.onceIn(8) ? line.replace(/^\w+/, (verb) => verb.toUpperCase()) : line;
  if (chance.onceIn(3)) {
    const lasting = chance.onceIn(60) ? 'Run,sleep 1000' : chance.onceIn(40) ? 'Wait,web' : cased;
    return `${chance.pick(TAGS)},${lasting}`;
  }
  return cased;
}

/** Tags that a conversation may have left open. */
export const ALL_TAGS = TAGS;

/** A line with a few faults in it. */
export function mutated(line: string, chance: Chance): string {
  let text = line;
  for (let left = 1 + chance.below(3); left > 0; left -= 1) text = once(text, chance);
  return text;
}

function once(text: string, chance: Chance): string {
  const at = chance.below(text.length + 1);
  const end = Math.min(text.length, at + chance.below(6));
  switch (chance.below(9)) {
    case 0:
      return text.slice(0, at) + chance.bytes(1) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + chance.pick(SPECIAL) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(end);
    case 3:
      return text.slice(0, end) + text.slice(at);
    case 4:
      return text.slice(0, at);
    case 5:
      return `${text},${chance.text(['@', 'label', '=', 'timeout', 'x', '1', 'force', 'keep', '"'], 5)}`;
    case 6:
      return text.slice(0, at) + validLine(chance).slice(chance.below(12));
    case 7:
      return `"${text}${chance.onceIn(2) ? '"' : ''}`;
    default:
      return text.slice(0, at) + text.slice(at, end).repeat(1 + chance.below(200)) + text.slice(end);
  }
}

/** A line that nobody could have meant. */
export function garbage(chance: Chance): string {
  switch (chance.below(5)) {
    case 0:
      return chance.bytes(chance.below(60)).replaceAll('\n', '.');
    case 1:
      return chance.text(SPECIAL, 20).replaceAll('\n', ',');
    case 2:
      return chance.text(['Run', 'Stop', ',', '@', '"', '#1', 'label=', ' ', '\\', 'a', '{', '*'], 16);
    case 3:
      return '';
    default:
      return chance.text(['x', '\\x41', '\\\\', ',', '"', '""', '","'], 40);
  }
}

/** A line near or over a limit. */
export function hugeLine(chance: Chance): string {
  const LINE = 1024 * 1024;
  switch (chance.below(6)) {
    case 0:
      return `#1,Status,${'x'.repeat(LINE - 10 + chance.below(3) - 1)}`;
    case 1:
      return `List${','.repeat(65_535 + chance.below(2))}`;
    case 2:
      return `Run,nosuch ${'y '.repeat(chance.below(LINE / 2))}`;
    case 3:
      return '\\x41'.repeat(chance.below(LINE / 4));
    case 4:
      return `#2,"${'""'.repeat(chance.below(LINE / 2))}`;
    default:
      return `Stop,${'[a-z]*'.repeat(chance.below(2000))}`;
  }
}
