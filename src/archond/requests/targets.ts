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

/** The units that are called by their names, not only met by a glob: of these a refusal is told, others are passed over. */
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
