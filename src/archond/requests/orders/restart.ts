import type { RequestOf } from '../../../protocol/request.ts';
import { takenDown } from '../../../supervisor/plan/closures.ts';
import { restartOrder } from '../../../supervisor/plan/orders.ts';
import type { Call } from '../../call.ts';
import type { House } from '../../house.ts';
import { chosen } from '../targets.ts';
import { notStartable } from './obstacles.ts';
import { give } from './give.ts';
import type { Unit } from '../../../supervisor/step.ts';
import type { Attempt } from '../../replacements.ts';
import type { UnitRecord } from '../../unit-record.ts';
import { judgeReplacement, type Judge } from './verdict.ts';
import { judges, needs, refusedStart } from './start.ts';

/**
 * `Restart`: down and up again, with all that needs the units; what is down is started. Answers for all of these. What is to
 * be replaced, and runs, stays up, and so does what needs it.
 */
export function restart(house: House, request: RequestOf<'Restart'>, call: Call): void {
  const { configured, supervisor } = house;
  const units = chosen(house, request.args.targets, call.client, notStartable);
  if (!units.ok) {
    call.fail(units.error);
    return;
  }
  const { graph, unitOf } = configured.field;
  const replaced = replaceable(house, units.value);
  const restarted = units.value.filter((record) => !replaced.has(record));
  const labels = restarted.map(({ label }) => label);
  const plan = restartOrder(configured.field, labels, call.cause);
  const refused = refusedStart(house, [...labels, ...plan.pulled], plan, request.options.force === true);
  if (refused !== undefined) {
    call.fail(refused);
    return;
  }
  const down = takenDown(graph, labels, unitOf).flatMap((label) => supervisor.records.get(label) ?? []);
  give(house, request, call, {
    told: plan.told,
    judged: new Map([...judges(house, [...restarted, ...down], true), ...replacements(house, replaced)]),
    needed: judges(house, needs(house, labels)),
    replaced,
  });
}

/** Those that get a new generation beside the present one: but what others of these units take down goes down. */
function replaceable(
  { configured, supervisor }: House,
  records: readonly UnitRecord[],
): ReadonlyMap<UnitRecord, Attempt> {
  const { graph, unitOf } = configured.field;
  const can = records.filter(
    (record) =>
      record.configured?.isReplaced === true &&
      (record.unit.state.kind === 'running' || supervisor.replacements.isUnderWay(record)),
  );
  const others = records.filter((record) => !can.includes(record)).map(({ label }) => label);
  const down = new Set(takenDown(graph, others, unitOf));
  return new Map(
    can.filter(({ label }) => !down.has(label)).map((record) => [record, { failure: undefined }]),
  );
}

function replacements(
  { supervisor }: House,
  replaced: ReadonlyMap<UnitRecord, Attempt>,
): readonly (readonly [UnitRecord, Judge])[] {
  const unitOf = (label: string): Unit | undefined => supervisor.records.get(label)?.unit;
  return [...replaced].map(([record, attempt]) => [record, judgeReplacement(record, attempt, unitOf)]);
}
