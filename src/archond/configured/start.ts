import type { Cause } from '../../supervisor/cause.ts';
import type { House } from '../house.ts';

/**
 * Adds the units of the configuration of which the table says nothing, and begins what is wanted: at a new
 * boot, or after an orderly end, what is enabled; else what was wanted when the last archond died.
 */
export function startConfigured(
  { configured, supervisor, chronicle }: House,
  isFirst: boolean,
  cause: Cause,
): void {
  for (const definition of configured.definitions) {
    if (supervisor.records.has(definition.label)) continue;
    const record = configured.add(definition);
    const wish = isFirst ? undefined : chronicle.wishOf(definition.label);
    const isWanted = wish === undefined ? definition.enabled : wish.desired === 'up' || wish.at === 'up';
    if (isWanted) supervisor.post(record, { kind: 'order-start', cause });
    else if (wish !== undefined) restore(record, wish);
  }

  function restore(
    record: ReturnType<typeof configured.add>,
    wish: NonNullable<ReturnType<typeof chronicle.wishOf>>,
  ): void {
    const isStopped = wish.at === 'stopped' || wish.at === 'stopping';
    supervisor.put(record, {
      generation: 0,
      pid: 0,
      startedAtMs: 0,
      stage: isStopped ? 'stopped' : 'over',
      end: wish.end,
      cause: chronicle.causeBefore(record.label),
    });
  }
}
