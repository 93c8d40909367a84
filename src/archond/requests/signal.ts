import { describeErrno } from '../../base/errno.ts';
import { failure, type Failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import { liveGeneration } from '../../supervisor/state.ts';
import type { SignalScope } from '../../sys/sys.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';
import { namedAmong, select } from './targets.ts';

/**
 * `Signal`: to the main processes of the units, their groups, or their trees. Answers with the number of
 * units reached. A glob passes over what has no process; called by its name it is a failure.
 */
export function signal(house: House, request: RequestOf<'Signal'>, call: Call): void {
  const { targets, signal: number } = request.args;
  const { scope = 'main' } = request.options;
  const selected = select(house, targets, call.client);
  if (!selected.ok) {
    call.fail(selected.error);
    return;
  }
  const named = new Set(namedAmong(targets, selected.value));
  const refusal = [...named].map((record) => refusalOf(record, scope)).find((found) => found !== undefined);
  if (refusal !== undefined) {
    call.fail(refusal);
    return;
  }
  const reachable = selected.value.filter((record) => refusalOf(record, scope) === undefined);
  let left = reachable.length;
  let reached = 0;
  let fault: Failure | undefined;
  const finish = (): void => {
    if (fault === undefined) call.ok(String(reached));
    else call.fail(fault);
  };
  for (const record of reachable) {
    send(house, record, number, scope, (code) => {
      if (code === undefined) reached += 1;
      else if (code !== 'ESRCH')
        fault ??= failure('failed', `cannot signal ${record.label}: ${describeErrno(code)}`);
      else if (named.has(record)) fault ??= noProcess(record);
      left -= 1;
      if (left === 0) finish();
    });
  }
  if (reachable.length === 0) finish();
}

/** Why it cannot be signalled at all. */
function refusalOf(record: UnitRecord, scope: SignalScope): Failure | undefined {
  if (record.watched !== undefined && scope !== 'main')
    return failure('unsupported', `${record.label} is only watched: of it the main process alone is known`);
  return liveGeneration(record.unit.state) === undefined ? noProcess(record) : undefined;
}

function noProcess(record: UnitRecord): Failure {
  return failure('failed', `${record.label} has no process: it is ${record.shownState}`);
}

/** Its spawn has been asked for: as soon as that is answered there is a process, or there will be none. */
function whenMade(record: UnitRecord, made: () => void): void {
  const observe = (): void => {
    if (record.ref === undefined && liveGeneration(record.unit.state) !== undefined) return;
    record.observers.delete(observe);
    made();
  };
  record.observers.add(observe);
}

/** Calls back with nothing, or with the name of the errno: `ESRCH` where there was nobody. */
function send(
  house: House,
  record: UnitRecord,
  number: number,
  scope: SignalScope,
  done: (code: string | undefined) => void,
): void {
  if (record.watched !== undefined) {
    const sent = house.sys.pidfds.signal(record.watched.pidfd, number);
    done(sent.ok ? undefined : sent.error.code);
  } else if (record.ref !== undefined) {
    house.sys.keeper.signal(record.ref, number, scope, (answer) => {
      if (!answer.ok) done(answer.error.code);
      else done(answer.value > 0 ? undefined : 'ESRCH');
    });
  } else if (liveGeneration(record.unit.state) === undefined) {
    done('ESRCH');
  } else {
    whenMade(record, () => {
      send(house, record, number, scope, done);
    });
  }
}
