import { UNIT_STATES } from '../../base/vocabulary.ts';

const KINDS: ReadonlySet<string> = new Set([...UNIT_STATES, 'exited']);

/** Whether events of this kind tell where a unit has come to; others (`adopted`, `port`, `note` …) only tell something of it. */
export function isOfState(kind: string): boolean {
  return KINDS.has(kind);
}
