import { failure, type Failure } from '../../../base/failure.ts';
import { hasFinished } from '../../../supervisor/ends.ts';
import type { PublicState } from '../../../supervisor/state.ts';
import type { Unit } from '../../../supervisor/step.ts';
import { isDown } from '../../outcome.ts';
import { startFailure, whyBlocked } from '../../reason.ts';
import type { Attempt } from '../../replacements.ts';
import type { UnitRecord } from '../../unit-record.ts';

/** What an order has come to for one unit; undefined while that is open. */
export type Verdict =
  | { readonly kind: 'done'; readonly state?: PublicState }
  /** `stays`: what needs it is not concerned. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly stays?: boolean }
  | undefined;

/** Asked after the order was given, and after each step of the unit from then on. */
export type Judge = () => Verdict;

const DONE: Verdict = { kind: 'done' };
const WAS_RUNNING: Verdict = { kind: 'done', state: 'running' };

/**
 * Whether a unit has come up, or a first attempt at that has failed. To be made before the order is given.
 *
 * @param isAnew what is up is not enough: it is to be another generation
 */
export function judgeStart(
  record: UnitRecord,
  unitOf: (label: string) => Unit | undefined,
  isAnew: boolean,
): Judge {
  const isThere = !isAnew && hasBegun(record.unit);
  /** The attempt has a higher number than this. */
  let before = record.unit.generation - (isThere ? 1 : 0);
  let attempt: number | undefined;
  return () => {
    const { state, generation } = record.unit;
    if (state.kind === 'stopped')
      return failed(failure('cancelled', `${record.label} was stopped meanwhile`));
    if (state.kind === 'blocked')
      return failed(failure('failed', `${record.label} ${whyBlocked(state.needs, unitOf)}`));
    if (generation <= before) return undefined;
    attempt ??= generation;
    const isOver = generation > attempt;
    switch (state.kind) {
      case 'running':
      case 'finished':
        return DONE;
      case 'starting':
        return isOver ? ended(record) : undefined;
      case 'clearing':
        /* What it has left behind is being cleared away; then it has finished. */
        return hasFinished(record.unit) ? undefined : ended(record);
      case 'backoff':
      case 'failed':
        return ended(record);
      case 'stopping':
        /* It comes up when what it needs does, or for another order: this was no attempt. */
        if (state.reason === 'dependency' || state.reason === 'restart') {
          before = generation;
          attempt = undefined;
        }
        return undefined;
      case 'waiting':
      case 'undoing':
        return undefined;
    }
  };
}

/** Whether a replacement of a unit has come to something. To be made before the order is given. */
export function judgeReplacement(
  record: UnitRecord,
  attempt: Attempt,
  unitOf: (label: string) => Unit | undefined,
): Judge {
  /* Where it is not replaced after all it is restarted, or on its way down. */
  const usual = judgeStart(record, unitOf, true);
  return () =>
    attempt.failure === undefined ? usual() : { kind: 'failed', failure: attempt.failure, stays: true };
}

/** A generation of it is on the way to where an order to start brings it, or has come there. */
function hasBegun(unit: Unit): boolean {
  return unit.state.kind === 'starting' || unit.state.kind === 'running' || hasFinished(unit);
}

/** Whether what was there of a unit is gone; an order to start that crosses this one may bring up the next. */
export function judgeStop(record: UnitRecord): Judge {
  const { generation } = record.unit;
  return () => {
    const { state } = record.unit;
    const isOnItsWay = state.kind === 'stopping' || state.kind === 'undoing';
    /* What it has been replaced by may be gone before what has been replaced. */
    if (isDown(record) && record.beside !== undefined) return undefined;
    return isOnItsWay && record.unit.generation === generation ? undefined : DONE;
  };
}

function ended(record: UnitRecord): Verdict {
  return wasRunning(record) ? WAS_RUNNING : failed(startFailure(record));
}

/** With readiness by exec what has ended was running before, however shortly; steps that come together need not show it. */
function wasRunning({ unit: { spec, lastEnd } }: UnitRecord): boolean {
  const isReadyByExec = spec.type === 'service' && spec.readyBy === 'exec';
  return isReadyByExec && lastEnd !== undefined && lastEnd.kind !== 'not-executed';
}

function failed(why: Failure): Verdict {
  return { kind: 'failed', failure: why };
}
