import type { UnitDefinition } from '../../config/definition.ts';
import { unitSpec, type UnitSpec } from '../../supervisor/unit.ts';

/** A program that has put itself into the background has so long to say where, if its readiness says nothing else. */
const MAIN_PROCESS_MS = 60_000;

/** What the core has to know of a unit of the configuration. */
export function specOf(definition: UnitDefinition): UnitSpec {
  const { label, type, ready, health, success, restart, stop, stopBy, undo, pidFile } = definition;
  const readyBy = ready.kind !== 'exec' ? 'probe' : pidFile === undefined ? 'exec' : 'main-process';
  const readyTimeoutMs =
    ready.kind !== 'exec' ? ready.timeoutMs : readyBy === 'main-process' ? MAIN_PROCESS_MS : undefined;
  return unitSpec({
    label,
    origin: 'config',
    type,
    readyBy,
    leavesMain: pidFile !== undefined,
    ...(readyTimeoutMs === undefined ? {} : { readyTimeoutMs }),
    hasHealth: health !== undefined,
    success,
    restart,
    stop,
    stopsByCommand: stopBy !== undefined,
    isUndone: undo !== undefined,
  });
}
