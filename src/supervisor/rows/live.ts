import { clear } from '../clear.ts';
import type { Effect } from '../effect.ts';
import { isSuccess } from '../ends.ts';
import type { Moment } from '../event.ts';
import { leaveUp } from '../leave.ts';
import { settle } from '../settle.ts';
import type { End, Running, Starting } from '../state.ts';
import { move, stay, type Step, type Unit } from '../step.ts';

/**
 * The first process has ended. Where another one is the main one by then that is nothing; where it was to leave one
 * behind, and ended well, that one is awaited.
 *
 * @param told what others are told before the end
 */
export function firstEnded(
  unit: Unit,
  state: Starting | Running,
  end: End,
  { atMs }: Moment,
  told: readonly Effect[] = [],
): Step {
  const { main, generation } = state;
  if (main === 'other') return stay('ignore', unit, 'another process is its main one');
  if (main === 'awaited') return stay('ignore', unit, 'told again');
  if (unit.spec.leavesMain && isSuccess(end, unit.spec))
    return move({ ...unit, state: { ...state, main: 'awaited' } }, [{ kind: 'find-main', generation }]);
  return clear(unit, end, ranMs(state, atMs), [...told, exit(state, end)]);
}

/** The process that had become the main one has ended. */
export function mainEnded(unit: Unit, state: Starting | Running, end: End, { atMs }: Moment): Step {
  if (state.main !== 'other') return stay('ignore', unit, 'its first process is the main one');
  return clear(unit, end, ranMs(state, atMs), [exit(state, end)]);
}

/** Nothing of the tree is left, and it was not told how the main process ended. */
export function treeEnded(unit: Unit, state: Starting | Running, moment: Moment): Step {
  if (state.main === 'first') return stay('impossible', unit, 'the end of the main process is told first');
  const end: End = { kind: 'unknown' };
  const settled = settle({ ...unit, lastEnd: end }, end, ranMs(state, moment.atMs), moment);
  return { ...settled, effects: [...leaveUp(unit), exit(state, end), ...settled.effects] };
}

function ranMs(state: Starting | Running, atMs: number): number {
  return state.kind === 'running' ? atMs - state.readyAtMs : 0;
}

function exit({ generation, pid }: Starting | Running, end: End): Effect {
  return { kind: 'tell', event: { kind: 'exited', generation, pid, end } };
}
