import type { UnitDefinition } from '../../config/definition.ts';
import type { UnitChange } from '../../config/difference.ts';
import type { UnitChanges } from '../../config/unit-changes.ts';
import type { Unit } from '../../supervisor/step.ts';

/**
 * What a reload does about a unit. `none`: nothing. `take-over`: what has changed of it holds at once. `restart`,
 * `replace`: it gets another process. `start`: it is down by itself and is tried anew. `later`: its next process is made by the
 * new definition, whenever that is. `begin`: a new unit is started; `add`: it is not. `stop`: it is stopped and forgotten.
 */
export type Measure =
  'none' | 'take-over' | 'restart' | 'replace' | 'start' | 'later' | 'begin' | 'add' | 'stop';

/** What has become of a unit, and what is done about it. */
export interface Prospect {
  readonly change: UnitChange;
  readonly measure: Measure;
  /** In words: what it means. */
  readonly text: string;
}

/** What is done about a unit of which the keys changed, where it stands. */
export function measureOfChange(
  keys: UnitChanges,
  { state }: Unit,
  before: UnitDefinition,
  after: UnitDefinition,
): Measure {
  /* What is not ready yet would wait for what is not asked for any more. */
  const isOtherwiseReady = state.kind === 'starting' && keys.takenOver.includes('ready');
  if (keys.restart.length === 0 && !isOtherwiseReady) return 'take-over';
  switch (state.kind) {
    case 'running':
      return isReplaced(keys, before, after) ? 'replace' : 'restart';
    case 'starting':
      return 'restart';
    case 'finished':
      /* What a oneshot has done was done as it is not said any more; a service that has ended well was done. */
      return before.type === 'oneshot' ? 'restart' : 'later';
    case 'clearing':
    case 'backoff':
    case 'failed':
      return 'start';
    case 'stopped':
    case 'waiting':
    case 'blocked':
    case 'stopping':
    case 'undoing':
      return 'later';
  }
}

/** Whether one generation can stand beside the other: they have one log, and each address is bound once. */
function isReplaced({ restart }: UnitChanges, before: UnitDefinition, after: UnitDefinition): boolean {
  if (after.onRestart !== 'replace' || after.type !== 'service' || before.type !== 'service') return false;
  if (restart.includes('log')) return false;
  return after.ports.every(({ name, port, host, share, backlog }) => {
    const was = before.ports.find((one) => one.port === port && one.host === host);
    return was === undefined || (was.name === name && was.share === share && was.backlog === backlog);
  });
}

/** What a measure means, for people. */
export function describeMeasure(measure: Measure, change: UnitChange, isWatched: boolean): string {
  const keys = change.kind === 'changed' ? change.keys : { restart: [], takenOver: [] };
  const made = keys.restart.join(', ');
  const rest = keys.takenOver.length === 0 ? '' : `taken over: ${keys.takenOver.join(', ')}`;
  const both = (what: string): string =>
    [made === '' ? what : `${what}: ${made}`, ...(rest === '' ? [] : [rest])].join('; ');
  switch (measure) {
    case 'none':
      return '';
    case 'take-over':
      return rest;
    case 'restart':
      return both('restarted');
    case 'replace':
      return both('replaced');
    case 'start':
      return both('started anew');
    case 'later':
      return both('from its next start on');
    case 'begin':
      return 'started';
    case 'add':
      return isWatched ? 'waits for a connection' : 'not started: it is not enabled';
    case 'stop':
      return 'stopped and forgotten';
  }
}
