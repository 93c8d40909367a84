import { failure, type Failure } from '../../../base/failure.ts';
import type { RequestOf } from '../../../protocol/request.ts';
import { neededFirst, rivals } from '../../../supervisor/plan/closures.ts';
import { startOrder, type OrderPlan } from '../../../supervisor/plan/orders.ts';
import type { Call } from '../../call.ts';
import type { House } from '../../house.ts';
import type { UnitRecord } from '../../unit-record.ts';
import { chosen } from '../targets.ts';
import { notStartable, othersDown } from './obstacles.ts';
import { give } from './give.ts';
import { judgeStart, type Judge } from './verdict.ts';

/**
 * `Start`: with all that the units need and want, until each is running or has finished, or a first attempt at it, or at
 * what it needs, has failed.
 */
export function start(house: House, request: RequestOf<'Start'>, call: Call): void {
  const units = chosen(house, request.args.targets, call.client, notStartable);
  if (!units.ok) {
    call.fail(units.error);
    return;
  }
  const labels = units.value.map(({ label }) => label);
  const plan = startOrder(house.configured.field, labels, call.cause);
  const refused = refusedStart(house, [...labels, ...plan.pulled], plan, request.options.force === true);
  if (refused !== undefined) {
    call.fail(refused);
    return;
  }
  give(house, request, call, {
    told: plan.told,
    judged: judges(house, units.value),
    needed: judges(house, needs(house, labels)),
  });
}

/** Why what is to be started cannot be, for what stands against it. */
export function refusedStart(
  house: House,
  started: readonly string[],
  { conflicts }: OrderPlan,
  isForced: boolean,
): Failure | undefined {
  const both = rivals(house.configured.graph, started);
  if (both !== undefined)
    return failure('conflict', `${both[0]} and ${both[1]} exclude each other: start one of them`, both);
  return isForced || conflicts.length === 0 ? undefined : othersDown(house, conflicts);
}

/** When a start of each of these has come to something. */
export function judges(house: House, records: readonly UnitRecord[], isAnew = false): Map<UnitRecord, Judge> {
  const unitOf = (label: string): UnitRecord['unit'] | undefined => house.supervisor.records.get(label)?.unit;
  return new Map(records.map((record) => [record, judgeStart(record, unitOf, isAnew)]));
}

/** What has to come up before these do. */
export function needs({ configured, supervisor }: House, labels: readonly string[]): readonly UnitRecord[] {
  const { graph, unitOf } = configured.field;
  return neededFirst(graph, labels, unitOf).flatMap((label) => supervisor.records.get(label) ?? []);
}
