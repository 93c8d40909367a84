import { formatTime } from '../../base/time.ts';
import { failure } from '../../base/failure.ts';
import type { Target } from '../../protocol/kinds.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { lastExit, livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { formatPercent, type Usage } from '../usage.ts';
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
  send(house, units, call).catch((error: unknown) => {
    house.broke(error, call);
  });
}

async function send(house: House, records: readonly UnitRecord[], call: Call): Promise<void> {
  const usages = await house.usage.readAll(records);
  for (const record of records) call.data('Unit', ...unitFields(record, usages.get(record)));
  call.ok(String(records.length));
}

/** The units that a target selects, or all; sorted by label. */
export function unitsIn({ supervisor }: House, target: Target | undefined): readonly UnitRecord[] {
  return [...supervisor.records.values()]
    .filter(({ label }) => matches(target, label))
    .sort((one, other) => (one.label < other.label ? -1 : 1));
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
    usage === undefined ? '' : formatPercent(usage),
    usage === undefined ? '' : String(usage.memoryBytes),
    lastExit(record.unit.lastEnd),
  ];
}
