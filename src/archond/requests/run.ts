import type { RequestOf } from '../../protocol/request.ts';
import { restartPolicy } from '../../supervisor/unit.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { endReply, isDown } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { makeCommandUnit } from './command.ts';

/** `Run`: a command to its end, and to the end of all that it started. */
export function run(house: House, request: RequestOf<'Run'>, call: Call): void {
  const { timeout, keep = false } = request.options;
  const own = {
    origin: 'run',
    restart: restartPolicy('never'),
    keep,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  } as const;
  makeCommandUnit(house, request, call, own, (made) => {
    if (!made.ok) {
      call.fail(made.error);
      return;
    }
    begin(house, made.value, request.args.command[0], call);
  });
}

function begin(house: House, record: UnitRecord, program: string, call: Call): void {
  const { supervisor } = house;
  /* Looking up a user takes its time: it may have been cancelled, or the client may have gone. */
  if (call.isAnswered || (call.client.isGone && !record.keep)) {
    supervisor.remove(record);
    return;
  }
  let isTimedOut = false;
  if (!record.keep) {
    call.whenGone(() => {
      supervisor.post(record, { kind: 'order-stop', reason: 'client-gone', cause: call.cause });
    });
  }
  call.whenCancelled((cause) => {
    supervisor.post(record, { kind: 'order-stop', reason: 'requested', cause });
  });
  const observe = (): void => {
    const { state, lastEnd } = record.unit;
    if (state.kind === 'stopping') isTimedOut = state.reason === 'timed-out';
    if (!isDown(record)) return;
    record.observers.delete(observe);
    /* Before the reply, with which the next request of the connection begins. */
    if (call.isClosed || call.client.isGone || record.keep) house.endedRuns.keep(record);
    else house.endedRuns.answered(record, call.client);
    call.close(endReply(program, lastEnd, isTimedOut));
  };
  record.observers.add(observe);
  supervisor.post(record, { kind: 'order-start', cause: call.cause });
}
