import type { Cause } from '../../supervisor/cause.ts';
import { isUpright } from '../../supervisor/plan/facts.ts';
import type { Told } from '../../supervisor/plan/plan.ts';
import type { Outdated } from '../in-force-state.ts';
import { recordOf } from './outlook.ts';
import type { ReloadTools } from './reload.ts';

/**
 * Goes on with a reload in which an earlier archond died: what is of an earlier definition gets another process, what is in the
 * configuration no more is stopped. What is new is started as any unit of which nothing was written down.
 */
export function resume(tools: ReloadTools, cause: Cause): void {
  const { supervisor, inForce, configured, departures, comingOfAge } = tools;
  const { outdated } = inForce.state;
  const told: Told[] = [];
  for (const { label } of configured.leaving) {
    const record = recordOf(supervisor, label);
    if (record === undefined) {
      configured.gone(label);
      continue;
    }
    departures.watch(record);
    told.push({ label, event: { kind: 'order-stop', reason: 'requested', cause } });
  }
  for (const one of outdated) {
    const record = recordOf(supervisor, one.label);
    if (record === undefined || !isOutdated(tools, one)) continue;
    const { state } = record.unit;
    if (state.kind === 'running' && record.configured?.isReplaced === true && record.beside === undefined)
      supervisor.replacements.order(record, { failure: undefined }, cause);
    else if (isUpright(record.unit) && record.beside === undefined)
      told.push({ label: one.label, event: { kind: 'order-stop', reason: 'restart', cause } });
    else if (state.kind === 'backoff' || state.kind === 'failed' || state.kind === 'clearing')
      told.push({ label: one.label, event: { kind: 'order-start', cause } });
  }
  if (told.length > 0) supervisor.order(told);
  comingOfAge.watch();
}

/** No process was started since the unit was to have another one. */
function isOutdated({ supervisor, chronicle }: ReloadTools, { label, generation }: Outdated): boolean {
  const own = recordOf(supervisor, label)?.unit.generation ?? 0;
  return Math.max(own, chronicle.wishOf(label)?.generation ?? 0) <= generation;
}
