import { formatTime } from '../../base/time.ts';
import { failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Target } from '../../protocol/kinds.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { lastExit, livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';

/** `List`: a record for each unit, sorted by label. */
export function list(house: House, request: RequestOf<'List'>, call: Call): void {
  if (request.options.at !== undefined) {
    call.fail(failure('unsupported', '@at cannot be had yet'));
    return;
  }
  const { target } = request.args;
  const records = [...house.supervisor.records.values()].filter((record) => matches(target, record.label));
  if (target?.kind === 'label' && records.length === 0) {
    call.fail(failure('not-found', `there is no unit ${target.label}`));
    return;
  }
  records.sort((one, other) => (one.label < other.label ? -1 : 1));
  for (const record of records) call.data('Unit', ...unitFields(record));
  call.ok(String(records.length));
}

/** Whether a label is one of those that the target selects; without a target all are. */
export function matches(target: Target | undefined, label: string): boolean {
  if (target === undefined) return true;
  return target.kind === 'label' ? target.label === label : target.glob.matches(label);
}

/** The fields of a `Unit` record; usage is unknown as long as nothing samples it. */
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
