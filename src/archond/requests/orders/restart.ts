import type { RequestOf } from '../../../protocol/request.ts';
import { takenDown } from '../../../supervisor/plan/closures.ts';
import { restartOrder } from '../../../supervisor/plan/orders.ts';
import type { Call } from '../../call.ts';
import type { House } from '../../house.ts';
import { chosen } from '../targets.ts';
import { notStartable } from './obstacles.ts';
import { give } from './give.ts';
import { judges, needs, refusedStart } from './start.ts';

/** `Restart`: down and up again, with all that needs the units; what is down is started. Answers for all of these. */
export function restart(house: House, request: RequestOf<'Restart'>, call: Call): void {
  const { configured, supervisor } = house;
  const units = chosen(house, request.args.targets, call.client, notStartable);
  if (!units.ok) {
    call.fail(units.error);
    return;
  }
  const { graph, unitOf } = configured.field;
  const labels = units.value.map(({ label }) => label);
  const plan = restartOrder(configured.field, labels, call.cause);
  const refused = refusedStart(house, [...labels, ...plan.pulled], plan, request.options.force === true);
  if (refused !== undefined) {
    call.fail(refused);
    return;
  }
  const down = takenDown(graph, labels, unitOf).flatMap((label) => supervisor.records.get(label) ?? []);
  give(house, request, call, {
    told: plan.told,
    judged: judges(house, [...units.value, ...down], true),
    needed: judges(house, needs(house, labels)),
  });
}
