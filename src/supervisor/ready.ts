import type { Effect } from './effect.ts';
import type { Moment } from './event.ts';
import { isProbed } from './leave.ts';
import type { MainProcess } from './state.ts';
import { move, type Step, type Unit } from './step.ts';

/** It can serve. */
export function becomeReady(unit: Unit, pid: number, main: MainProcess, { atMs }: Moment): Step {
  const { generation, spec } = unit;
  const effects: Effect[] = [];
  if (spec.readyTimeoutMs !== undefined) effects.push({ kind: 'cancel-timer', timer: 'ready' });
  effects.push({ kind: 'tell', event: { kind: 'running', generation, pid } });
  if (isProbed(spec)) effects.push({ kind: 'probe', generation, what: spec.hasHealth ? 'health' : 'none' });
  return move({ ...unit, state: { kind: 'running', generation, pid, readyAtMs: atMs, main } }, effects);
}
