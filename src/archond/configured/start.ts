import type { Cause } from '../../supervisor/cause.ts';
import { startOrder } from '../../supervisor/plan/orders.ts';
import { foundNothing } from '../found.ts';
import type { House } from '../house.ts';
import { putSince } from '../since.ts';

/**
 * Adds the units of the configuration of which the table says nothing, where an earlier archond left them. At a new boot,
 * or after an orderly end, all are down, and what was wanted before is over.
 */
export function addConfigured(house: House, isFirst: boolean): void {
  const { sys, configured, supervisor, chronicle } = house;
  if (isFirst) chronicle.forgetWishes();
  for (const definition of [...configured.definitions, ...configured.leaving]) {
    const { label } = definition;
    if (supervisor.records.has(label)) continue;
    const wish = isFirst ? undefined : chronicle.wishOf(label);
    /* It was gone already. */
    if (wish === undefined && configured.isLeaving(label)) continue;
    const record = configured.add(definition);
    if (wish === undefined) {
      /* So that a successor knows since when it is down. */
      if (!definition.enabled) chronicle.wanted(record);
      continue;
    }
    const cause = chronicle.causeBefore(definition.label);
    const { restarts } = chronicle.unitBefore(definition.label) ?? {};
    record.stoppedFor = wish.stoppedFor;
    supervisor.put(record, { ...foundNothing(wish, sys.clock.monotonicMs(), cause), restarts });
    putSince(house, record, wish);
  }
}

/**
 * Starts what is enabled, with all that it needs and wants: at a new boot or after an orderly end everything, else what
 * the archond before had not come to. What waits for a connection is left to that.
 */
export function startEnabled(
  { configured, supervisor, chronicle }: House,
  isFirst: boolean,
  cause: Cause,
): void {
  const labels = configured.definitions
    .filter(
      (one) =>
        one.start === 'at-once' &&
        configured.isEnabled(one) &&
        (isFirst || chronicle.wishOf(one.label) === undefined),
    )
    .map(({ label }) => label);
  if (labels.length > 0) supervisor.order(startOrder(configured.field, labels, cause).told);
}
