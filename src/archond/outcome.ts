import { describeErrno } from '../base/errno.ts';
import { failure, type Failure } from '../base/failure.ts';
import { signalName } from '../base/signals.ts';
import { isForgotten } from '../supervisor/ends.ts';
import type { End } from '../supervisor/state.ts';
import type { Closing } from './call.ts';
import type { UnitRecord } from './unit-record.ts';

/** What a Run that passed its time limit ends with, as timeout(1). */
const TIMED_OUT = 124;

/** Whether nothing of the unit is alive and nothing is about to be. */
export function isDown(record: UnitRecord): boolean {
  const { kind } = record.unit.state;
  return kind === 'stopped' || kind === 'failed' || kind === 'finished';
}

/** As `isDown`, nothing is left of another generation either, and nothing that it has done is to be undone: a oneshot that has finished is still up for others. */
export function isGone(record: UnitRecord): boolean {
  const { state, spec } = record.unit;
  return (
    isDown(record) && record.beside === undefined && !(state.kind === 'finished' && spec.type === 'oneshot')
  );
}

/** The main process, while there is one. */
export function livePid(record: UnitRecord): number | undefined {
  const { state } = record.unit;
  const hasProcess =
    state.kind === 'starting' ||
    state.kind === 'running' ||
    (state.kind === 'stopping' && state.end === undefined);
  return hasProcess ? record.pid : undefined;
}

/** The reply to whoever waits for the end of a command. */
export function endReply(program: string, end: End | undefined, isTimedOut: boolean): Closing {
  if (isTimedOut) return { kind: 'exit-status', code: TIMED_OUT };
  switch (end?.kind) {
    case 'exited':
      return { kind: 'exit-status', code: end.code };
    case 'signalled':
      return { kind: 'exit-status', code: 128 + end.signal };
    case 'not-executed':
      return { kind: 'error', failure: notExecuted(program, end) };
    case 'unknown':
      return { kind: 'error', failure: failure('unknown', `how ${program} ended cannot be known`) };
    case undefined:
      return { kind: 'error', failure: failure('failed', `${program} was stopped before it had a process`) };
  }
}

type NotExecuted = Extract<End, { kind: 'not-executed' }>;

const NO_ENTRY = 'the table of processes is full';

/** There is no room for a further process with the keeper (TABLE_ENTRIES); nothing else of a request is ENOSPC. */
function isTableFull({ stage, code }: NotExecuted): boolean {
  return stage === 'request' && code === 'ENOSPC';
}

/** `exec-failed` with the stage and the errno's name; `limit` where there are too many processes. */
export function notExecuted(program: string, end: NotExecuted): Failure {
  if (isTableFull(end)) return failure('limit', `cannot run ${program}: ${NO_ENTRY}`);
  const message = isForgotten(end)
    ? `how ${program} is made is not known any more; forget it and start it anew`
    : `cannot run ${program}: ${describeErrno(end.code)} at ${end.stage}`;
  return failure('exec-failed', message, [end.stage, end.code]);
}

/** `code:N`, `signal:NAME` or `unknown`; empty where nothing has ended yet. */
export function lastExit(end: End | undefined): string {
  switch (end?.kind) {
    case 'exited':
      return `code:${String(end.code)}`;
    case 'signalled':
      return `signal:${signalName(end.signal)}`;
    case 'not-executed':
    case undefined:
      return '';
    case 'unknown':
      return 'unknown';
  }
}

/** How something ended, as the end of a sentence about it. */
export function describeEnd(end: End): string {
  switch (end.kind) {
    case 'exited':
      return `ended with code ${String(end.code)}`;
    case 'signalled':
      return `was ended by ${signalName(end.signal)}`;
    case 'not-executed':
      if (isTableFull(end)) return `cannot be run: ${NO_ENTRY}`;
      return `cannot be run: ${describeErrno(end.code)} at ${end.stage}`;
    case 'unknown':
      return 'ended, and how cannot be known';
  }
}
