import type { UnitEvent } from '../../supervisor/event.ts';
import type { Units } from '../../supervisor/plan/plan.ts';
import { newUnit } from '../../supervisor/transition.ts';
import { unitSpec } from '../../supervisor/unit.ts';
import type { UnitRecord } from '../unit-record.ts';

/** The units of the configuration, for the plan. What has left meanwhile is down; something else may have its label. */
export function graphUnits(
  records: ReadonlyMap<string, UnitRecord>,
  move: (record: UnitRecord, event: UnitEvent) => void,
): Units {
  const inGraph = (label: string): UnitRecord | undefined => {
    const record = records.get(label);
    return record?.configured === undefined ? undefined : record;
  };
  return {
    unit: (label) => inGraph(label)?.unit ?? newUnit(unitSpec({ label, origin: 'config' })),
    step: (label, event) => {
      const record = inGraph(label);
      if (record !== undefined) move(record, event);
    },
  };
}
