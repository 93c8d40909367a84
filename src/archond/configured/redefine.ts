import type { UnitDefinition } from '../../config/definition.ts';
import { isSameData } from '../../config/same.ts';
import { freeze } from '../../supervisor/freeze.ts';
import { besideSpec } from '../../supervisor/replace.ts';
import { liveGeneration } from '../../supervisor/state.ts';
import type { Step } from '../../supervisor/step.ts';
import type { StandardStreams } from '../standard-streams.ts';
import type { UnitRecord } from '../unit-record.ts';
import { specOf } from './spec.ts';

/**
 * From now on the unit is defined so: what can be taken over is, and of what its process was made with nothing differs, or
 * there is none. Where it writes to is made anew with its next process, where that is elsewhere.
 */
export function redefine(
  record: UnitRecord,
  definition: UnitDefinition,
  streams: Pick<StandardStreams, 'letGo' | 'limit'>,
): void {
  const { configured, unit, besideOf } = record;
  if (configured === undefined) return;
  const before = configured.definition;
  configured.redefine(definition);
  const spec = specOf(definition);
  record.unit = freeze({ ...unit, spec: besideOf === undefined ? spec : besideSpec(spec) });
  if (!isSameData(placesOf(before), placesOf(definition))) streams.letGo(record);
  else if (!isSameData(before.log, definition.log)) streams.limit(record);
  const { ref } = record;
  const isLive = ref !== undefined && liveGeneration(unit.state) === ref.generation;
  if (isLive && !isSameData(before.limits, definition.limits)) configured.limit(ref);
  if (unit.state.kind !== 'running' || isSameData(before.health, definition.health)) return;
  configured.probes.watch(unit.generation, spec.hasHealth ? 'health' : 'none');
}

/** Whether nothing is left of the process that a unit had: it has come to rest by this step, or to the next one. */
export function isOverBy({ unit, effects }: Step): boolean {
  switch (unit.state.kind) {
    case 'stopped':
    case 'waiting':
    case 'blocked':
    case 'backoff':
    case 'failed':
    case 'finished':
      return true;
    case 'starting':
      return effects.some(({ kind }) => kind === 'spawn');
    case 'running':
    case 'clearing':
    case 'stopping':
    case 'undoing':
      return false;
  }
}

function placesOf({ log }: UnitDefinition): readonly unknown[] {
  return log.kind === 'file' ? [log.path, log.stderr] : [log.kind];
}
