import type { Target } from '../../protocol/kinds.ts';
import type { RequestOf } from '../../protocol/request.ts';
import { NO_CAUSE } from '../../supervisor/cause.ts';
import { forecast, type Step } from '../../supervisor/plan/forecast.ts';
import { startOrder, stopOrder } from '../../supervisor/plan/orders.ts';
import type { Told } from '../../supervisor/plan/plan.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../../base/failure.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';
import { notStartable, notStoppable } from './orders/obstacles.ts';
import { refusedStart } from './orders/start.ts';
import { refusalAmong, matches, noSuchUnit } from './targets.ts';

const MS_A_SECOND = 1000;

/** `Plan`: a `Step` record for each start or stop that the order would lead to if it were given now, with force; with `@under-way=1` also for what it would join. Nothing is done. */
export function plan(house: House, request: RequestOf<'Plan'>, call: Call): void {
  const { action, targets } = request.args;
  const joins = request.options['under-way'] === true;
  const told = action === 'start' ? toStart(house, targets) : toStop(house, targets);
  if (!told.ok) {
    call.fail(told.error);
    return;
  }
  const { graph } = house.configured;
  const steps = forecast(
    {
      graph,
      unitOf: (label) => house.supervisor.unitOf(label),
      timingOf: (label) => house.timings.of(label),
    },
    told.value,
    joins,
  );
  for (const step of steps) call.data('Step', ...stepFields(step));
  call.ok(String(steps.length));
}

function toStart(house: House, targets: readonly Target[]): Result<readonly Told[], Failure> {
  const units = meant(house, targets, notStartable);
  if (!units.ok) return units;
  const order = startOrder(house.configured.field, units.value, NO_CAUSE);
  const refused = refusedStart(house, [...units.value, ...order.pulled], order, true);
  return refused === undefined ? ok(order.told) : err(refused);
}

function toStop(house: House, targets: readonly Target[]): Result<readonly Told[], Failure> {
  const units = meant(house, targets, notStoppable);
  return units.ok ? ok(stopOrder(units.value, NO_CAUSE)) : units;
}

/** Whoever may look may know what an order would do, also one that somebody else would have to give. */
function meant(
  house: House,
  targets: readonly Target[],
  refusal: (record: UnitRecord) => Failure | undefined,
): Result<readonly string[], Failure> {
  const { records } = house.supervisor;
  const found = new Set<UnitRecord>();
  for (const target of targets) {
    const labels =
      target.kind === 'label'
        ? (house.configured.membersOf(target.label) ?? [target.label])
        : [...records.keys()].filter((label) => matches(target, label));
    for (const label of labels) {
      const record = records.get(label);
      if (record === undefined) return err(noSuchUnit(house, label));
      found.add(record);
    }
  }
  const all = [...found];
  const refused = refusalAmong(house, targets, all, refusal);
  if (refused !== undefined) return err(refused);
  return ok(all.filter((record) => refusal(record) === undefined).map(({ label }) => label));
}

/** What is under way already is called so: it began without the order. */
const UNDER_WAY = { start: 'starting', stop: 'stopping' } as const;

function stepFields({ number, label, action, isUnderway, after, expectedMs, isCritical }: Step): string[] {
  return [
    String(number),
    label,
    isUnderway ? UNDER_WAY[action] : action,
    after.join(' '),
    expectedMs === undefined ? '' : String(expectedMs / MS_A_SECOND),
    isCritical ? '1' : '0',
  ];
}
