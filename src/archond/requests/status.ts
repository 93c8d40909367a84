import { showAddress } from '../../base/address.ts';
import { signalName } from '../../base/signals.ts';
import { formatTime } from '../../base/time.ts';
import { formatDuration } from '../../base/duration.ts';
import { fieldOfText } from '../../protocol/bytes.ts';
import type { RequestOf } from '../../protocol/request.ts';
import { delaysToCome } from '../../supervisor/backoff.ts';
import { waitedFor } from '../../supervisor/plan/closures.ts';
import type { TreeLimits } from '../../sys/limits.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import { logPlace } from '../logs/log-place.ts';
import { livePid } from '../outcome.ts';
import { portTrouble, whyBlocked, whyDown } from '../reason.ts';
import type { UnitRecord } from '../unit-record.ts';
import type { Usage } from '../usage.ts';
import { noSuchUnit } from './targets.ts';
import { usedFields } from './used-fields.ts';

/** So many of the delays to come are told. */
const SHOWN_DELAYS = 5;

/** `Status`: a `Field` record for each fact; what is not so is absent. */
export function status(house: House, request: RequestOf<'Status'>, call: Call): void {
  const { label } = request.args;
  const record = house.supervisor.records.get(label);
  if (record === undefined) {
    call.fail(noSuchUnit(house, label));
    return;
  }
  send(house, record, call).catch((error: unknown) => {
    house.broke(error, call);
  });
}

async function send(house: House, record: UnitRecord, call: Call): Promise<void> {
  const usage = await house.usage.read(record);
  const limits = await limitsOf(house, record);
  for (const [name, ...values] of fieldsOf(house, record, usage, limits)) {
    const present = values.filter((value) => value !== undefined);
    if (present.length > 0) call.data('Field', name, ...present);
  }
  call.ok();
}

/** What is undefined, or has no value at all, is not told. */
type Fields = readonly (readonly [name: string, ...values: (string | undefined)[]])[];

function fieldsOf(house: House, record: UnitRecord, usage: Usage | undefined, limits: TreeLimits): Fields {
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
    ['status', saidStatus(record)],
    ...dependencyFields(house, record),
    ['next-attempt', state.kind === 'backoff' ? formatTime(instant(house, state.untilAtMs)) : undefined],
    ...delayFields(unit),
    ['generation', 'generation' in state ? String(state.generation) : undefined],
    ...besideFields(record),
    ['tree', record.watched === undefined ? entry?.tree : undefined],
    ['limits', ...limitFields(limits)],
    ...usedFields(record, usage),
    ['ports', ...portsOf(house, record)],
    /* How an adopted process was made is not kept: it was by the configuration. */
    ['command', (record.launch?.words ?? record.configured?.words)?.join(' ')],
    ['log', logOf(house, record)],
  ];
}

/** The limits that the kernel holds its tree to. */
async function limitsOf({ sys }: House, { ref, configured }: UnitRecord): Promise<TreeLimits> {
  if (ref === undefined || configured?.treeLimits === undefined) return {};
  return new Promise((resolve) => {
    sys.limits.read(ref, resolve);
  });
}

/** `KEY=VALUE` of those that are in force: bytes, percent of one processor, a number. */
function limitFields({ memoryBytes, cpuPercent, pids }: TreeLimits): readonly (string | undefined)[] {
  return [
    memoryBytes === undefined ? undefined : `memory-max=${memoryBytes}`,
    cpuPercent === undefined ? undefined : `cpu-max=${Math.round(cpuPercent * 1000) / 1000}%`,
    pids === undefined ? undefined : `pids-max=${pids}`,
  ];
}

/** How a unit of the configuration hangs together with others, and why it is not up. */
function dependencyFields(
  { configured, supervisor }: House,
  { label, unit, configured: own }: UnitRecord,
): Fields {
  const { state } = unit;
  const cause: Fields = [['cause', portTrouble(unit, own?.portTrouble) ?? whyDown(unit)]];
  if (own === undefined) return cause;
  const { graph, field } = configured;
  const node = graph.get(label);
  const labels = (nodes: readonly { readonly label: string }[] = []): string[] =>
    nodes.map((one) => one.label);
  const unitOf = (other: string): UnitRecord['unit'] | undefined => supervisor.records.get(other)?.unit;
  const { description, type } = own.definition;
  return [
    ['type', type],
    ['enabled', String(configured.isEnabled(own.definition))],
    ['description', description],
    ['needs', ...labels(node?.needs)],
    ['wants', ...labels(node?.wants)],
    ['needed-by', ...labels(node?.neededBy)],
    ['conflicts', ...labels(node?.conflicts)],
    ...(state.kind === 'waiting'
      ? [['waits-for', ...waitedFor(graph, label, (other) => field.unitOf(other))] as const]
      : []),
    ...(state.kind === 'blocked'
      ? [['cause', whyBlocked(state.needs, unitOf), ...state.needs] as const]
      : cause),
  ];
}

/** `NAME=ADDRESS` for each port that it has. */
function portsOf({ ports }: House, { label }: UnitRecord): readonly string[] {
  return ports.lease(label).map((held) => `${held.name}=${fieldOfText(showAddress(held))}`);
}

/** The process of its other generation, where it has two: which one that is, and whether it comes or goes. */
function besideFields({ beside }: UnitRecord): Fields {
  if (beside === undefined) return [];
  const { generation } = beside.unit;
  return [['beside', livePid(beside)?.toString() ?? '', String(generation), beside.shownState]];
}

/** What it says of itself, or why it is not yet, or no longer, well. */
function saidStatus({ configured }: UnitRecord): string | undefined {
  const said = configured?.probes.status;
  return said === undefined ? undefined : fieldOfText(said);
}

/** How long the next restarts would wait; nothing where none would come, or none has to wait. */
function delayFields({ spec, history, state }: UnitRecord['unit']): Fields {
  if (state.kind !== 'backoff') return [];
  const delays = delaysToCome(spec.restart, history, SHOWN_DELAYS);
  return [['delays', ...delays.map((ms) => formatDuration(ms))]];
}

/** Where its output goes, or what it has written lies. */
function logOf(house: House, { label, output }: UnitRecord): string | undefined {
  const place = logPlace(house, label);
  if (place.kind === 'none') return undefined;
  return output !== undefined || house.sys.files.status(place.path).ok ? fieldOfText(place.path) : undefined;
}

function endFields(record: UnitRecord): Fields {
  const { lastEnd, state } = record.unit;
  const reason = state.kind === 'failed' ? state.reason : (record.stoppedFor ?? record.endedFor);
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
