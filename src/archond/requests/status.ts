import { signalName } from '../../base/signals.ts';
import { formatTime } from '../../base/time.ts';
import type { RequestOf } from '../../protocol/request.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { livePid } from '../outcome.ts';
import type { UnitRecord } from '../unit-record.ts';
import { formatPercent, type Usage } from '../usage.ts';
import { noSuchUnit } from './targets.ts';

/** `Status`: a `Field` record for each fact; what is not so is absent. */
export function status(house: House, request: RequestOf<'Status'>, call: Call): void {
  const record = house.supervisor.records.get(request.args.label);
  if (record === undefined) {
    call.fail(noSuchUnit(request.args.label));
    return;
  }
  send(house, record, call).catch((error: unknown) => {
    house.broke(error, call);
  });
}

async function send(house: House, record: UnitRecord, call: Call): Promise<void> {
  const usage = await house.usage.read(record);
  for (const [name, value] of fieldsOf(house, record, usage))
    if (value !== undefined) call.data('Field', name, value);
  call.ok();
}

type Fields = readonly (readonly [name: string, value: string | undefined])[];

function fieldsOf(house: House, record: UnitRecord, usage: Usage | undefined): Fields {
  const { unit, ref } = record;
  const { state } = unit;
  const pid = livePid(record);
  const entry = ref === undefined ? undefined : house.sys.keeper.entry(ref);
  return [
    ['label', record.label],
    ['origin', unit.spec.origin],
    ['state', record.shownState],
    ['desired', unit.desired],
    ['pid', pid?.toString()],
    ['since', formatTime(record.sinceNs)],
    ['up-since', usage === undefined ? undefined : formatTime(usage.upSinceNs)],
    ['restarts', String(unit.history.restarts)],
    ...endFields(record),
    ['next-attempt', state.kind === 'backoff' ? formatTime(instant(house, state.untilAtMs)) : undefined],
    ['generation', 'generation' in state ? String(state.generation) : undefined],
    ['tree', record.watched === undefined ? entry?.tree : undefined],
    ['cpu', usage === undefined ? undefined : formatPercent(usage)],
    ['memory', usage?.memoryBytes.toString()],
    ['command', record.launch?.words.join(' ')],
    ['log', logOf(house, record)],
  ];
}

/** Where its output goes, or what it has written lies. */
function logOf({ streams, sys }: House, { label, output }: UnitRecord): string | undefined {
  const path = streams.logPath(label);
  return output !== undefined || sys.files.status(path).ok ? path : undefined;
}

function endFields(record: UnitRecord): Fields {
  const { lastEnd, state } = record.unit;
  const reason = state.kind === 'failed' ? state.reason : record.stoppedFor;
  switch (lastEnd?.kind) {
    case 'exited':
      return [
        ['exit-code', String(lastEnd.code)],
        ['exit-reason', reason],
      ];
    case 'signalled':
      return [
        ['exit-signal', signalName(lastEnd.signal)],
        ['exit-core', lastEnd.core ? '1' : undefined],
        ['exit-reason', reason],
      ];
    case 'not-executed':
      return [['exit-reason', `${lastEnd.code} at ${lastEnd.stage}`]];
    case 'unknown':
      return [['exit-reason', 'unknown']];
    case undefined:
      return [];
  }
}

/** The wall clock's time of an instant of the monotonic clock, by what both say now. */
function instant(house: House, atMs: number): bigint {
  const { clock } = house.sys;
  return clock.realtimeNs() + BigInt(Math.round((atMs - clock.monotonicMs()) * 1e6));
}
