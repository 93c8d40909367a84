import type { Effect } from './effect.ts';
import type { Unit } from './step.ts';

/** What no longer is waited for when a unit is neither starting nor running any more. */
export function leaveUp({ spec, generation }: Unit): Effect[] {
  const effects: Effect[] = [{ kind: 'cancel-timer', timer: 'time' }];
  if (spec.readyTimeoutMs !== undefined) effects.push({ kind: 'cancel-timer', timer: 'ready' });
  if (isProbed(spec)) effects.push({ kind: 'probe', generation, what: 'none' });
  return effects;
}

/** Whether anything asks the process how it is. */
export function isProbed({ readyBy, hasHealth, type }: Unit['spec']): boolean {
  return (readyBy === 'probe' && type === 'service') || hasHealth;
}
