import { failure, type Failure } from '../base/failure.ts';
import type { FailureReason } from '../supervisor/state.ts';
import type { Unit } from '../supervisor/step.ts';
import { describeEnd, notExecuted } from './outcome.ts';
import type { UnitRecord } from './unit-record.ts';

/** Why a unit is not up, as what is said of it: `web` `ended with code 1`; undefined where nothing has gone wrong. */
export function whyDown({ state, lastEnd }: Unit): string | undefined {
  const ended = lastEnd === undefined ? 'has failed' : describeEnd(lastEnd);
  switch (state.kind) {
    case 'failed':
      return whyFailed(state.reason, ended);
    case 'backoff':
    case 'clearing':
      return ended;
    case 'starting':
      return lastEnd === undefined ? undefined : ended;
    case 'stopped':
    case 'waiting':
    case 'blocked':
    case 'running':
    case 'stopping':
    case 'undoing':
    case 'finished':
      return undefined;
  }
}

function whyFailed(reason: FailureReason, ended: string): string {
  switch (reason) {
    case 'exit':
    case 'cannot-execute':
    case 'cannot-spawn':
      return ended;
    case 'restart-limit':
      return `was restarted too often, and ${ended}`;
    case 'not-ready':
      return 'was not ready in time';
    case 'unhealthy':
      return 'failed its health checks';
    case 'over-limit':
      return 'had used more than it may';
  }
}

/** The chain of needs behind a failed unit: `needs app, which needs db, which ended with code 1`. */
export function whyBlocked(needs: readonly string[], unitOf: (label: string) => Unit | undefined): string {
  const chain = needs.map((label) => `needs ${label}`).join(', which ');
  const last = needs.at(-1);
  const unit = last === undefined ? undefined : unitOf(last);
  return `${chain}, which ${(unit === undefined ? undefined : whyDown(unit)) ?? 'has failed'}`;
}

/** A start that has failed, for whoever ordered it. */
export function startFailure({ unit, launch, label, shownState, configured }: UnitRecord): Failure {
  const { lastEnd, state } = unit;
  const isOfItself =
    state.kind !== 'failed' || !['not-ready', 'unhealthy', 'over-limit'].includes(state.reason);
  const trouble = portTrouble(unit, configured?.portTrouble);
  if (trouble !== undefined) return failure('exec-failed', `cannot run ${label}: ${trouble}`, ends(lastEnd));
  if (lastEnd?.kind === 'not-executed' && isOfItself) return notExecuted(launch?.words[0] ?? label, lastEnd);
  return failure('failed', `${label} ${whyDown(unit) ?? `is ${shownState}`}`);
}

/** Why a unit is not up that has not got one of its ports; undefined where it is for something else. */
export function portTrouble({ lastEnd }: Unit, trouble: string | undefined): string | undefined {
  return lastEnd?.kind === 'not-executed' && lastEnd.stage === 'port' ? trouble : undefined;
}

function ends(end: Unit['lastEnd']): readonly string[] {
  return end?.kind === 'not-executed' ? [end.stage, end.code] : [];
}
