import type { Effect } from './effect.ts';
import { leaveUp } from './leave.ts';
import type { End } from './state.ts';
import { move, type Step, type Unit } from './step.ts';

/**
 * The main process has ended by itself: what it left behind is killed before anything else happens.
 * What a process that is only watched leaves behind is not ours to kill.
 */
export function clear(unit: Unit, end: End, ranMs: number, told: readonly Effect[]): Step {
  const { generation } = unit;
  const state = { kind: 'clearing', generation, end, ranMs, again: false } as const;
  const effects: Effect[] = [...leaveUp(unit), ...told];
  if (unit.spec.origin !== 'watched') effects.push({ kind: 'kill', generation });
  return move({ ...unit, lastEnd: end, state }, effects);
}
