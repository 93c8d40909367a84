import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call, Closing } from '../call.ts';
import type { House } from '../house.ts';
import { endReply, isDown } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { mayControl } from './rights.ts';
import { noSuchUnit } from './targets.ts';

/** `Wait`: for the end of a unit, or for a state. */
export function wait(house: House, request: RequestOf<'Wait'>, call: Call): void {
  const { label } = request.args;
  const { records } = house.supervisor;
  const record = records.get(label);
  if (record === undefined) {
    call.fail(noSuchUnit(house, label));
    return;
  }
  waitFor(house, request, call, record);
  const { timeout } = request.options;
  if (timeout === undefined || call.isClosed) return;
  const cancelTimer = house.sys.timers.at(house.sys.clock.monotonicMs() + timeout, () => {
    call.fail(failure('timed-out', `${label} is still ${records.get(label)?.shownState ?? 'gone'}`));
  });
  call.whenOver(cancelTimer);
}

/** Answers for this record, or, where another takes its place meanwhile, for that. */
function waitFor(house: House, request: RequestOf<'Wait'>, call: Call, record: UnitRecord): void {
  const { for: state } = request.options;
  const answerOf = state === undefined ? untilEnd(record) : untilState(record, state);
  const first = answerOf();
  if (first !== undefined) {
    answer(house, record, call, first);
    return;
  }
  record.waiters += 1;
  const leave = (): void => {
    if (record.observers.delete(observe)) record.waiters -= 1;
  };
  const observe = (): void => {
    const found = answerOf();
    const present = house.supervisor.records.get(record.label);
    if (found !== undefined) answer(house, record, call, found);
    if (found !== undefined || present === record) return;
    leave();
    if (present === undefined) call.fail(failure('not-found', `${record.label} is no more`));
    else waitFor(house, request, call, present);
  };
  record.observers.add(observe);
  call.whenOver(leave);
}

/**
 * The last exit of what is down, or will be started again in a while; of what is up, its next, told when
 * nothing of the tree is left.
 */
function untilEnd(record: UnitRecord): () => Closing | undefined {
  const lastEnd = record.shownState === 'backoff' ? undefined : record.unit.lastEnd;
  return () => {
    const { unit, shownState } = record;
    const hasEnded = unit.spec.origin !== 'run' && unit.lastEnd !== lastEnd && shownState !== 'stopping';
    if (!hasEnded && !isDown(record)) return undefined;
    return endReply(record.launch?.words[0] ?? record.label, unit.lastEnd, record.stoppedFor === 'timed-out');
  };
}

function untilState(record: UnitRecord, state: string): () => Closing | undefined {
  return () => (record.shownState === state ? { kind: 'ok', fields: [] } : undefined);
}

/** A Run that was waited for by who may also forget it has done its duty. It goes before the reply, with which the next request begins. */
function answer(house: House, record: UnitRecord, call: Call, reply: Closing): void {
  const isOver = record.unit.spec.origin === 'run' && isDown(record) && reply.kind !== 'ok';
  const isHeard = !call.isClosed && !call.client.isGone && mayControl(call.client, record);
  if (isHeard && isOver && house.supervisor.records.get(record.label) === record)
    house.endedRuns.answered(record, call.client);
  call.close(reply);
}
