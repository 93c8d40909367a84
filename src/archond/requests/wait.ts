import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Cancel } from '../../sys/sys.ts';
import type { Call, Closing } from '../call.ts';
import type { House } from '../house.ts';
import { endReply, isDown } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { noSuchUnit } from './targets.ts';

/** `Wait`: for the end of a unit, or for a state. */
export function wait(house: House, request: RequestOf<'Wait'>, call: Call): void {
  const record = house.supervisor.records.get(request.args.label);
  if (record === undefined) {
    call.fail(noSuchUnit(request.args.label));
    return;
  }
  const answerOf =
    request.options.for === undefined ? untilEnd(record) : untilState(record, request.options.for);
  const first = answerOf();
  if (first !== undefined) {
    answer(house, record, call, first);
    return;
  }
  let cancelTimer: Cancel = () => undefined;
  record.waiters += 1;
  const leave = (): void => {
    cancelTimer();
    record.observers.delete(observe);
    record.waiters -= 1;
  };
  const observe = (): void => {
    const found = answerOf();
    if (found !== undefined) answer(house, record, call, found);
    else if (house.supervisor.records.get(record.label) !== record)
      call.fail(failure('not-found', `${record.label} is no more`));
  };
  record.observers.add(observe);
  call.whenOver(leave);
  const { timeout } = request.options;
  if (timeout === undefined) return;
  cancelTimer = house.sys.timers.at(house.sys.clock.monotonicMs() + timeout, () => {
    call.fail(failure('timed-out', `${record.label} is still ${record.shownState}`));
  });
}

/** The last exit of what is down; of what is up, its next, told when nothing of the tree is left. */
function untilEnd(record: UnitRecord): () => Closing | undefined {
  const { lastEnd } = record.unit;
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

/** A Run that was waited for has done its duty. It goes before the reply, with which the next request begins. */
function answer(house: House, record: UnitRecord, call: Call, reply: Closing): void {
  const isOver = record.unit.spec.origin === 'run' && isDown(record) && reply.kind !== 'ok';
  const isHeard = !call.isClosed && !call.client.isGone;
  if (isHeard && isOver && house.supervisor.records.get(record.label) === record)
    house.supervisor.remove(record);
  call.close(reply);
}
