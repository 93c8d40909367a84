import type { LogDefinition, Surroundings, UnitDefinition } from './definition.ts';
import type { Health } from './probe.ts';
import { isSameData } from './same.ts';

/** The keys, as they stand in a file, by which two definitions of a unit differ. */
export interface UnitChanges {
  /** What its process was made with: that changes with another process. */
  readonly restart: readonly string[];
  /** What holds from now on, or from the next time that it matters. */
  readonly takenOver: readonly string[];
}

/** A value that a key says, and whether another one asks for another process. */
type Facet = readonly [key: string, value: unknown, needs: 'restart' | 'nothing'];

const restart = (key: string, value: unknown): Facet => [key, value, 'restart'];
const takeOver = (key: string, value: unknown): Facet => [key, value, 'nothing'];

/**
 * For each part of a definition what it says, always the same keys in the same order. A process is made with its words,
 * surroundings, ports, and where it writes to; whatever else is said of it is the supervisor's own affair.
 */
const FACETS: {
  readonly [K in keyof Required<UnitDefinition>]: (part: UnitDefinition[K]) => readonly Facet[];
} = {
  label: () => [],
  place: () => [],
  instance: (part) => [takeOver('instances', part)],
  type: (part) => [restart('type', part)],
  description: (part) => [takeOver('description', part)],
  enabled: (part) => [takeOver('enabled', part)],
  words: (part) => [restart(isScript(part) ? 'script' : 'command', part)],
  surroundings: surroundingsFacets,
  dependencies: (part) => [
    takeOver('needs', part.needs),
    takeOver('wants', part.wants),
    takeOver('after', part.after),
    takeOver('before', part.before),
    takeOver('stop-after', part.stopAfter),
    takeOver('stop-before', part.stopBefore),
    takeOver('conflicts', part.conflicts),
  ],
  ready: (part) => [takeOver('ready', part)],
  health: healthFacets,
  restart: (part) => [takeOver('restart', part)],
  onRestart: (part) => [takeOver('on-restart', part)],
  success: (part) => [takeOver('success-codes', part)],
  pidFile: (part) => [restart('pid-file', part)],
  stop: (part) => [takeOver('stop', part)],
  stopBy: (part) => [takeOver('stop', part)],
  undo: (part) => [takeOver('stop-command', part)],
  onExit: (part) => [takeOver('on-exit', part)],
  ports: (part) => [restart('ports', part)],
  start: (part) => [takeOver('start', part)],
  log: logFacets,
  restartOver: (part) => [takeOver('restart-over', part)],
  limits: (part) => [
    takeOver('memory-max', part.memoryMaxBytes),
    takeOver('cpu-max', part.cpuMaxPercent),
    takeOver('pids-max', part.pidsMax),
    takeOver('limits', part.enforcement),
  ],
  watch: (part) => [takeOver('watch', part)],
  restartOnLibraryChange: (part) => [takeOver('restart-on-library-change', part)],
};

function surroundingsFacets(part: Surroundings): readonly Facet[] {
  return [
    restart('env', part.env),
    restart('env-file', [part.envFiles, part.envFileMarks]),
    restart('clean-env', part.cleanEnv),
    restart('cwd', part.cwd),
    restart('user', part.runAs),
    restart('umask', part.umask),
    restart('nice', part.nice),
    restart('oom-score-adjust', part.oomScoreAdjust),
    restart('no-new-privileges', part.noNewPrivileges),
    restart('rlimits', part.rlimits),
    restart('tty', part.tty),
  ];
}

/** A watchdog is told to the process when it is made; all other checks are made from outside. */
function healthFacets(part: Health | undefined): readonly Facet[] {
  const isByWatchdog = part?.kind === 'notify';
  return [
    restart('health', isByWatchdog ? part : undefined),
    takeOver('health', isByWatchdog ? undefined : part),
  ];
}

/** How large a log may become is the affair of whoever writes the file; where it goes is the process's own. */
function logFacets(part: LogDefinition): readonly Facet[] {
  const { kind } = part;
  const file = kind === 'file' ? part : undefined;
  return [
    restart('log', [kind, file?.path, file?.stderr]),
    takeOver('log', [file?.maxBytes, file?.keep, file?.whenFull]),
  ];
}

const SCRIPT: readonly string[] = ['/bin/sh', '-e', '-c'];

function isScript(words: readonly string[]): boolean {
  return words.length === SCRIPT.length + 1 && SCRIPT.every((word, at) => word === words[at]);
}

/** By what two definitions of one unit differ; each key once, in the order of the table of keys. */
export function unitChanges(before: UnitDefinition, after: UnitDefinition): UnitChanges {
  const restarts = new Set<string>();
  const takenOver = new Set<string>();
  for (const name of Object.keys(FACETS) as (keyof UnitDefinition)[])
    for (const [key, needs] of partChanges(name, before, after))
      (needs === 'restart' ? restarts : takenOver).add(key);
  return { restart: [...restarts], takenOver: [...takenOver].filter((key) => !restarts.has(key)) };
}

function partChanges(
  name: keyof UnitDefinition,
  before: UnitDefinition,
  after: UnitDefinition,
): readonly (readonly [key: string, needs: Facet[2]])[] {
  if (name === 'label' || name === 'place' || isSameData(before[name], after[name])) return [];
  /* Each entry takes the part of its own name. */
  const facetsOf = FACETS[name] as (part: unknown) => readonly Facet[];
  const olds = facetsOf(before[name]);
  return facetsOf(after[name]).flatMap(([key, value, needs], at) =>
    isSameData(value, olds[at]?.[1]) ? [] : [[key, needs] as const],
  );
}
