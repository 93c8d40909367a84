import type { Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { formatTime } from '../../base/time.ts';
import type { Target } from '../../protocol/kinds.ts';
import type { House } from '../house.ts';
import { lastExit, livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { formatPercent, type Usage } from '../usage.ts';
import { matches, noSuchUnit } from './targets.ts';

/** The units that a target selects, or all; sorted by label. The label of several instances selects these. */
export function unitsIn(
  { supervisor, configured }: House,
  target: Target | undefined,
): readonly UnitRecord[] {
  const members = target?.kind === 'label' ? configured.membersOf(target.label) : undefined;
  return [...supervisor.records.values()]
    .filter(({ label }) => members?.includes(label) ?? matches(target, label))
    .sort((one, other) => (one.label < other.label ? -1 : 1));
}

/** What `unitsIn` gives for who looks at it; a plain label of no unit is `not-found`. */
export function unitsAsked(house: House, target: Target | undefined): Result<readonly UnitRecord[], Failure> {
  const units = unitsIn(house, target);
  return units.length === 0 && target?.kind === 'label' ? err(noSuchUnit(house, target.label)) : ok(units);
}

/** The fields of a `Unit` record; those of what it uses are empty where that is not given. */
export function unitFields(record: UnitRecord, usage?: Usage): string[] {
  const pid = livePid(record);
  return [
    record.label,
    record.shownState,
    pid === undefined ? '' : String(pid),
    formatTime(record.sinceNs),
    String(record.unit.history.restarts),
    usage === undefined ? '' : formatPercent(usage.cpuPercent),
    usage === undefined ? '' : String(usage.memoryBytes),
    lastExit(record.unit.lastEnd),
  ];
}
