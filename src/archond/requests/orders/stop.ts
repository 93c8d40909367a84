import type { Failure } from '../../../base/failure.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Target } from '../../../protocol/kinds.ts';
import type { RequestOf } from '../../../protocol/request.ts';
import { stopOrder } from '../../../supervisor/plan/orders.ts';
import type { Call } from '../../call.ts';
import type { House } from '../../house.ts';
import { notConfigured, setEnabled } from '../enable.ts';
import { chosen, refusalAmong } from '../targets.ts';
import { notStoppable, othersDown } from './obstacles.ts';
import { follow, give, type Order } from './give.ts';
import { judgeStop } from './verdict.ts';

/**
 * `Stop`: until nothing of the units' trees is left. What needs them is not taken down unless that is said. With `@disable=1`
 * they are not started with the supervisor any more either.
 */
export function stop(house: House, request: RequestOf<'Stop'>, call: Call): void {
  const order = orderFor(house, request.args.targets, request.options.force === true, call);
  if (!order.ok) {
    call.fail(order.error);
    return;
  }
  if (request.options.disable === true) {
    const records = [...order.value.judged.keys()];
    const refused = refusalAmong(house, request.args.targets, records, notConfigured);
    if (refused !== undefined) {
      call.fail(refused);
      return;
    }
    setEnabled(house, records, false, call);
  }
  give(house, request, call, order.value);
  for (const record of order.value.judged.keys()) house.onConnect.stopped(record);
}

/** `StopDaemon`: the same for one label, answered by a bare `Ok`. */
export function stopDaemon(house: House, request: RequestOf<'StopDaemon'>, call: Call): void {
  const { label } = request.args;
  const order = orderFor(house, [{ kind: 'label', label }], false, call);
  if (!order.ok) {
    call.fail(order.error);
    return;
  }
  let left = order.value.judged.size;
  follow(house, call, order.value, () => {
    left -= 1;
    if (left === 0) call.ok();
  });
  for (const record of order.value.judged.keys()) house.onConnect.stopped(record);
}

function orderFor(
  house: House,
  targets: readonly Target[],
  isForced: boolean,
  call: Call,
): Result<Order, Failure> {
  const units = chosen(house, targets, call.client, notStoppable);
  if (!units.ok) return units;
  const labels = units.value.map(({ label }) => label);
  const refused = isForced ? undefined : othersDown(house, labels);
  if (refused !== undefined) return err(refused);
  return ok({
    told: stopOrder(labels, call.cause),
    judged: new Map(units.value.map((record) => [record, judgeStop(record)])),
    needed: new Map(),
  });
}
