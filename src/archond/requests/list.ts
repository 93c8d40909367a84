import { formatTime } from '../../base/time.ts';
import { failure } from '../../base/failure.ts';
import type { Target } from '../../protocol/kinds.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { lastExit, livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { matches, noSuchUnit } from './targets.ts';

/** `List`: a record for each unit, sorted by label. */
export function list(house: House, request: RequestOf<'List'>, call: Call): void {
  if (request.options.at !== undefined) {
    call.fail(failure('unsupported', 'List with @at cannot be had in this version'));
    return;
  }
  const { target } = request.args;
  const units = unitsIn(house, target);
  if (units.length === 0 && target?.kind === 'label') {
    call.fail(noSuchUnit(target.label));
    return;
  }
  for (const record of units) call.data('Unit', ...unitFields(record));
  call.ok(String(units.length));
}

/** The units that a target selects, or all; sorted by label. */
export function unitsIn({ supervisor }: House, target: Target | undefined): readonly UnitRecord[] {
  return [...supervisor.records.values()]
    .filter(({ label }) => matches(target, label))
    .sort((one, other) => (one.label < other.label ? -1 : 1));
}

/** The fields of a `Unit` record; usage is empty as long as nothing samples it. */
export function unitFields(record: UnitRecord): string[] {
  const pid = livePid(record);
  return [
    record.label,
    record.shownState,
    pid === undefined ? '' : String(pid),
    formatTime(record.sinceNs),
    String(record.unit.history.restarts),
    '',
    '',
    lastExit(record.unit.lastEnd),
  ];
}
