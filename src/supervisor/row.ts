import type { Moment, UnitEvent } from './event.ts';
import type { Gate } from './gate.ts';
import type { UnitState } from './state.ts';
import { move, stay, type Step, type Unit } from './step.ts';

/** What one state answers to one event of the unit's latest generation. */
export type Cell<S extends UnitState['kind'], E extends UnitEvent['kind']> = (
  unit: Unit,
  state: Extract<UnitState, { kind: S }>,
  event: Extract<UnitEvent, { kind: E }>,
  moment: Moment,
) => Step;

/** What one state answers to every event: a new event does not compile until each row has a cell for it. */
export type Row<S extends UnitState['kind']> = { readonly [E in UnitEvent['kind']]: Cell<S, E> };

/** A cell for what is no news here. */
export const ignored =
  (why: string) =>
  (unit: Unit): Step =>
    stay('ignore', unit, why);

/** A cell for what nobody can tell here. */
export const impossible =
  (why: string) =>
  (unit: Unit): Step =>
    stay('impossible', unit, why);

/** A cell for a state in which the gate is not waited for: it is taken note of. */
export const noted = (unit: Unit, _state: unknown, { gate }: { readonly gate: Gate }): Step =>
  move({ ...unit, gate });
