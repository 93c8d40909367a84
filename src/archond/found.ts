import type { Found } from '../supervisor/adopt.ts';
import { NO_RESTARTS } from '../supervisor/backoff.ts';
import type { Cause } from '../supervisor/cause.ts';
import type { ProcessEntry } from '../sys/sys.ts';
import type { Wish } from './remembered-unit.ts';

/**
 * How far a unit's last process has come, by what the table says of it and what an earlier archond wrote down. An end
 * that was told before is not told again.
 *
 * @param wasTold that it has ended was written down by that one, if not marked in the table
 */
export function foundEntry(
  { generation, pid, startedAtMs, end, acknowledged, state }: ProcessEntry,
  wish: Wish | undefined,
  wasTold: boolean,
  cause: Cause,
): Found {
  const base = {
    generation,
    pid,
    startedAtMs,
    end,
    cause,
    history: wish?.history,
    endBefore: wish?.generation === generation ? wish.endBefore : undefined,
    ...stopFound(generation, wish),
  };
  /* What it had come to is written before the table is marked: that may not have been come to any more. */
  if (state === 'empty' && wish?.at === 'up' && (wish.generation ?? 0) > generation)
    return { ...base, ...asDue(wish, startedAtMs), end };
  const settled = state === 'empty' ? settledStage(wish) : undefined;
  if (settled !== undefined) return { ...base, ...outcomeOf(wish), stage: settled };
  /* Of such a unit the end of the process that was started tells nothing; that of its tree is still to be told. */
  if (wish?.main?.generation === generation)
    return { ...base, end: undefined, stage: 'alive', main: wish.main.process };
  if (end !== undefined && (wasTold || acknowledged === 'exited' || acknowledged === 'empty')) {
    /* With a wish to be up it had not settled: that nothing is left is told once more. */
    if (state !== 'empty' || acknowledged !== 'empty' || wish?.at === 'up')
      return { ...base, stage: 'ended' };
    return { ...base, stage: 'over' };
  }
  /* Where its program never ran, that is told as it would have been. */
  const isBefore = state === 'starting' || end?.kind === 'not-executed';
  return { ...base, end: undefined, stage: isBefore ? 'starting' : 'alive' };
}

/** A unit of which the table says nothing: it was down, or its next process had not been asked for yet. */
export function foundNothing(wish: Wish | undefined, startedAtMs: number, cause: Cause): Found {
  const isToBeUp = wish?.desired === 'up' && (wish.at === 'up' || wish.at === 'stopping');
  const stage = settledStage(wish) ?? (isToBeUp ? 'waiting' : 'stopped');
  const { end, history } = wish ?? {};
  return { generation: 0, pid: 0, startedAtMs, ...outcomeOf(wish), end, history, cause, stage };
}

/** Its next process had been decided on, and was not asked for yet: that is to happen now, with the delays that follow from what was. */
export function asDue({ history }: Wish, untilAtMs: number): Pick<Found, 'stage' | 'backoff'> {
  return { stage: 'backoff', backoff: { untilAtMs, history: history ?? NO_RESTARTS } };
}

/** The stop of this generation that an earlier archond had begun, and what was to come behind it. */
function stopFound(generation: number, wish: Wish | undefined): Pick<Found, 'stop'> {
  const { stop, desired } = wish ?? {};
  return stop?.generation === generation && desired !== undefined ? { stop: { ...stop, desired } } : {};
}

/** Where it had come to that nothing of its process was left and that was acted on. */
function settledStage(wish: Wish | undefined): 'waiting' | 'backoff' | 'stopped' | 'over' | undefined {
  switch (wish?.at) {
    case 'waiting':
    case 'stopped':
      return wish.at;
    case 'backoff':
      return wish.backoff === undefined ? undefined : 'backoff';
    case 'failed':
    case 'finished':
      return 'over';
    case 'up':
    case 'stopping':
    case undefined:
      return undefined;
  }
}

function outcomeOf(wish: Wish | undefined): Pick<Found, 'failure' | 'backoff'> {
  return { failure: wish?.failure, backoff: wish?.backoff };
}
