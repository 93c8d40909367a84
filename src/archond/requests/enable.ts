import { failure, type Failure } from '../../base/failure.ts';
import type { RequestOf } from '../../protocol/request.ts';
import { pulling } from '../../supervisor/plan/closures.ts';
import type { Call } from '../call.ts';
import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';
import { chosen } from './targets.ts';

/** `Enable`: the units are started with the supervisor from now on, whatever the configuration says. */
export function enable(house: House, request: RequestOf<'Enable'>, call: Call): void {
  flag(house, request, call, true);
}

/** `Disable`: they are not, for their own sake. What is enabled and starts them all the same is named. */
export function disable(house: House, request: RequestOf<'Disable'>, call: Call): void {
  flag(house, request, call, false);
}

function flag(
  house: House,
  request: RequestOf<'Enable'> | RequestOf<'Disable'>,
  call: Call,
  isEnabled: boolean,
): void {
  const records = chosen(house, request.args.targets, call.client, notConfigured);
  if (!records.ok) {
    call.fail(records.error);
    return;
  }
  setEnabled(house, records.value, isEnabled, call);
  const labels = records.value.map(({ label }) => label);
  const starters = isEnabled ? [] : startersOf(house, labels);
  /* Only then can nobody undo it by pulling a plug. */
  house.chronicle.sync(() => {
    call.ok(String(labels.length), ...starters);
  });
}

/** Notes it for good, and tells of what has changed. */
export function setEnabled(
  { configured, chronicle, onConnect }: House,
  records: readonly UnitRecord[],
  isEnabled: boolean,
  call: Call,
): void {
  for (const record of records) {
    const { label, configured: own } = record;
    if (own === undefined) continue;
    const was = configured.isEnabled(own.definition);
    configured.enable(label, isEnabled);
    onConnect.look(record);
    const what = isEnabled ? 'enabled' : 'disabled';
    if (was !== isEnabled) chronicle.append(label, 'config', [['what', what]], call.cause);
  }
  chronicle.flush();
}

/** Why a unit can be neither enabled nor disabled; undefined where it can. */
export function notConfigured({ label, configured }: UnitRecord): Failure | undefined {
  return configured === undefined
    ? failure(
        'unsupported',
        `${label} is no unit of the configuration: nothing starts it with the supervisor`,
      )
    : undefined;
}

function startersOf({ configured }: House, labels: readonly string[]): readonly string[] {
  return pulling(configured.graph, labels).filter((label) => {
    const definition = configured.definitionOf(label);
    return definition !== undefined && configured.isEnabled(definition);
  });
}
