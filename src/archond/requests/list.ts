import { formatTime } from '../../base/time.ts';
import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { lastExit, livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { select } from './targets.ts';

/** `List`: a record for each unit, sorted by label. */
export function list(house: House, request: RequestOf<'List'>, call: Call): void {
  if (request.options.at !== undefined) {
    call.fail(failure('unsupported', 'List with @at cannot be had in this version'));
    return;
  }
  const { target } = request.args;
  const selected =
    target === undefined ? { ok: true as const, value: everything(house) } : select(house, [target]);
  if (!selected.ok) {
    call.fail(selected.error);
    return;
  }
  for (const record of selected.value) call.data('Unit', ...unitFields(record));
  call.ok(String(selected.value.length));
}

function everything(house: House): readonly UnitRecord[] {
  return [...house.supervisor.records.values()].sort((one, other) => (one.label < other.label ? -1 : 1));
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
