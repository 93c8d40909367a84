import { EMPTY_CONFIGURATION, type Configuration } from '../config/configuration.ts';
import type { UnitDefinition } from '../config/definition.ts';

/**
 * The configuration that is in force, and what must be known to bring the units to it: plain data that survives JSON,
 * written as one before anything of it is acted on. Whoever dies in the midst of a reload is followed by one that goes on
 * from here: what has been done needs no mark, for a later process has a higher generation.
 */
export interface InForceState {
  readonly configuration: Configuration;
  /** The number of the event that tells that it came into force, 0 at a start: where the journal does not go so far, that was not told. */
  readonly toldAs: number;
  /** Processes that were made by an earlier definition: those of a unit up to this generation. */
  readonly outdated: readonly Outdated[];
  /** What is in the configuration no more, and was not gone yet. */
  readonly leaving: readonly UnitDefinition[];
  readonly young: readonly YoungNeed[];
  /** Where it holds on trial. */
  readonly trial?: Trial;
}

/** A unit that is to have another process than those up to this generation. */
export interface Outdated {
  readonly label: string;
  readonly generation: number;
}

/**
 * A unit came to need another one while it was up, and that was not: what it is made for has run so far without it, so that
 * it stays up for the time of this generation, until the other one is up too. From then on it is a need as all others.
 */
export interface YoungNeed {
  readonly label: string;
  readonly need: string;
  readonly generation: number;
}

/** Unless it is confirmed before that instant (CLOCK_MONOTONIC), the one before is applied again. */
export interface Trial {
  readonly before: Configuration;
  readonly untilAtMs: number;
}

/** A configuration that nothing has to be brought to. */
export function settledState(configuration: Configuration = EMPTY_CONFIGURATION): InForceState {
  return { configuration, toldAs: 0, outdated: [], leaving: [], young: [] };
}
