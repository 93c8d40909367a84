import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import { restartPolicy } from '../../supervisor/unit.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { notExecuted } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { makeCommandUnit } from './command.ts';

/** `StartDaemon`: answered when exec has succeeded; from then on the daemon is nobody's but the supervisor's. */
export function startDaemon(house: House, request: RequestOf<'StartDaemon'>, call: Call): void {
  const { options, args } = request;
  const own = {
    origin: 'daemon',
    restart: restartPolicy(options.restart ?? 'never'),
    keep: true,
    onExit: options['on-exit'],
  } as const;
  makeCommandUnit(house, request, call, own, (made) => {
    if (!made.ok) {
      call.fail(made.error);
      return;
    }
    const record = made.value;
    /* Cancelled while a user was looked up; a client that has gone changes nothing for a daemon. */
    if (call.isAnswered) {
      house.supervisor.remove(record);
      return;
    }
    const observe = (): void => {
      if (!isDecided(record)) return;
      record.observers.delete(observe);
      answer(house, record, args.command[0], options.label !== undefined, call);
    };
    record.observers.add(observe);
    call.whenCancelled((cause) => {
      record.observers.delete(observe);
      house.supervisor.abandon(record, cause);
      call.fail(failure('cancelled'));
    });
    house.supervisor.post(record, { kind: 'order-start', cause: call.cause });
  });
}

/** Its exec has succeeded, or it will not. */
function isDecided(record: UnitRecord): boolean {
  const { kind } = record.unit.state;
  return kind !== 'starting' && kind !== 'clearing' && kind !== 'stopping';
}

function answer(house: House, record: UnitRecord, program: string, isNamed: boolean, call: Call): void {
  const { lastEnd, state } = record.unit;
  if (lastEnd?.kind === 'not-executed') {
    house.supervisor.abandon(record, call.cause);
    call.fail(notExecuted(program, lastEnd));
    return;
  }
  if (record.pid === undefined || state.kind === 'stopped') {
    call.fail(failure('cancelled', `${record.label} was stopped before its program ran`));
    return;
  }
  if (isNamed) call.ok(record.label, String(record.pid));
  else call.ok();
  /* What restarts has not ended: the observer saw the first exec only. */
  if (state.kind === 'finished' || state.kind === 'failed')
    house.log.debug('daemon ended at once', { label: record.label });
}
