import { failure, type Failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { select } from './targets.ts';

/** `Signal`: to the main processes of the units, their groups, or their trees. Answers with the number of units reached. */
export function signal(house: House, request: RequestOf<'Signal'>, call: Call): void {
  const { targets, signal: number } = request.args;
  const { scope = 'main' } = request.options;
  const selected = select(house, targets);
  if (!selected.ok) {
    call.fail(selected.error);
    return;
  }
  const isNamed = targets.some((target) => target.kind === 'label');
  const up = selected.value.filter((record) => record.watched !== undefined || livePid(record) !== undefined);
  let left = up.length;
  let reached = 0;
  let fault: Failure | undefined;
  const done = (record: UnitRecord, isReached: boolean, code: string): void => {
    if (isReached) reached += 1;
    else if (code !== 'ESRCH') fault = failure('failed', `cannot signal ${record.label}: ${code}`);
    left -= 1;
    if (left === 0) finish();
  };
  const finish = (): void => {
    if (fault !== undefined) call.fail(fault);
    else if (reached === 0 && isNamed)
      call.fail(failure('failed', `${selected.value[0]?.label ?? ''} has no process`));
    else call.ok(String(reached));
  };
  if (left === 0) finish();
  for (const record of up) {
    if (record.watched !== undefined) {
      const sent = house.sys.pidfds.signal(record.watched.pidfd, number);
      done(record, sent.ok, sent.ok ? '' : sent.error.code);
    } else if (record.ref !== undefined) {
      house.sys.keeper.signal(record.ref, number, scope, (answer) => {
        done(record, answer.ok && answer.value > 0, answer.ok ? 'ESRCH' : answer.error.code);
      });
    }
  }
}
