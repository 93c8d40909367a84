import type { Cause } from '../../supervisor/cause.ts';
import { startOrder } from '../../supervisor/plan/orders.ts';
import { foundNothing } from '../found.ts';
import type { House } from '../house.ts';

/**
 * Adds the units of the configuration of which the table says nothing, where an earlier archond left them. At a new boot,
 * or after an orderly end, all are down, and what was wanted before is over.
 */
export function addConfigured({ sys, configured, supervisor, chronicle }: House, isFirst: boolean): void {
  if (isFirst) chronicle.forgetWishes();
  for (const definition of configured.definitions) {
    if (supervisor.records.has(definition.label)) continue;
    const record = configured.add(definition);
    const wish = isFirst ? undefined : chronicle.wishOf(definition.label);
    if (wish === undefined) continue;
    const cause = chronicle.causeBefore(definition.label);
    supervisor.put(record, foundNothing(wish, sys.clock.monotonicMs(), cause));
  }
}

/**
 * Starts what is enabled, with all that it needs and wants: at a new boot or after an orderly end everything, else what
 * the archond before had not come to.
 */
export function startEnabled(
  { configured, supervisor, chronicle }: House,
  isFirst: boolean,
  cause: Cause,
): void {
  const labels = configured.definitions
    .filter((one) => configured.isEnabled(one) && (isFirst || chronicle.wishOf(one.label) === undefined))
    .map(({ label }) => label);
  if (labels.length > 0) supervisor.order(startOrder(configured.field, labels, cause).told);
}
