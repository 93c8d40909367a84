import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Target } from '../../protocol/kinds.ts';
import type { House } from '../house.ts';
import type { UnitRecord } from '../unit-record.ts';
import { mayControl, notYours, type Who } from './rights.ts';

/** Whether a label is one of those that the target selects; without a target all are. */
export function matches(target: Target | undefined, label: string): boolean {
  if (target === undefined) return true;
  return target.kind === 'label' ? target.label === label : target.glob.matches(label);
}

/**
 * The units that the targets select for a client to act on, each once, sorted by label. A label of the configuration
 * that names several instances selects all of them. A plain label without a unit is `not-found`, one of a unit that the
 * client may not act on `denied`; a glob passes over those.
 */
export function select(
  house: House,
  targets: readonly Target[],
  who: Who,
): Result<readonly UnitRecord[], Failure> {
  const { records } = house.supervisor;
  const selected = new Set<UnitRecord>();
  for (const target of targets) {
    if (target.kind === 'label') {
      const labels = house.configured.membersOf(target.label) ?? [target.label];
      for (const label of labels) {
        const record = records.get(label);
        if (record === undefined) return err(noSuchUnit(house, label));
        if (!mayControl(who, record)) return err(notYours(record));
        selected.add(record);
      }
    } else {
      for (const record of records.values())
        if (target.glob.matches(record.label) && mayControl(who, record)) selected.add(record);
    }
  }
  return ok([...selected].sort((one, other) => (one.label < other.label ? -1 : 1)));
}

/** Why a request cannot be carried out for a unit at all; undefined where it can. */
export type Refusal = (record: UnitRecord) => Failure | undefined;

/** What `select` gives, without those that are refused. Where one is refused that was called by its name, all are; a glob passes over it. */
export function chosen(
  house: House,
  targets: readonly Target[],
  who: Who,
  refusal: Refusal,
): Result<readonly UnitRecord[], Failure> {
  const selected = select(house, targets, who);
  if (!selected.ok) return selected;
  const refused = refusalAmong(house, targets, selected.value, refusal);
  if (refused !== undefined) return err(refused);
  return ok(selected.value.filter((record) => refusal(record) === undefined));
}

/** The first refusal of a unit that was called by its name, or by that of all instances. */
export function refusalAmong(
  { configured }: House,
  targets: readonly Target[],
  records: readonly UnitRecord[],
  refusal: Refusal,
): Failure | undefined {
  const groups = targets.flatMap((target) => (target.kind === 'label' ? [target.label] : []));
  const named = new Set(groups.flatMap((label) => configured.membersOf(label) ?? [label]));
  for (const record of records) {
    const refused = named.has(record.label) ? refusal(record) : undefined;
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** The units that are called by their own names, not only met by a glob or by the name of all instances. */
export function namedAmong(
  targets: readonly Target[],
  records: readonly UnitRecord[],
): readonly UnitRecord[] {
  const named = new Set(targets.map((target) => (target.kind === 'label' ? target.label : undefined)));
  return records.filter((record) => named.has(record.label));
}

/** The failure for a label that names no unit, or several where one is meant. */
export function noSuchUnit({ configured }: House, label: string): Failure {
  const members = configured.membersOf(label);
  if (members === undefined) return failure('not-found', `there is no unit ${label}`);
  return failure(
    'not-found',
    `${label} is not one unit but ${members.length}: ${members[0] ?? ''} and so on`,
  );
}
