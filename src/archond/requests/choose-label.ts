import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabelWish } from '../../protocol/kinds.ts';
import type { UnitSpec } from '../../supervisor/unit.ts';
import type { House } from '../house.ts';
import { isDown } from '../outcome.ts';
import { mayControl, type Who } from './rights.ts';

/**
 * The label for a new unit: the one that was asked for, if it may have it, or one that `generate` makes, being
 * told which are taken. What is down may be followed by another of its label; but the record of a daemon stays
 * until that is started again or forgotten, so that nothing of another kind takes its place.
 */
export function chooseLabel(
  { supervisor: { records }, configured }: House,
  who: Who,
  wish: LabelWish | undefined,
  origin: UnitSpec['origin'],
  generate: (isTaken: (label: string) => boolean) => string,
): Result<string, Failure> {
  if (wish?.kind !== 'label') return ok(generate((label) => records.has(label) || configured.claims(label)));
  const { label } = wish;
  if (configured.claims(label))
    return err(failure('conflict', `${label} is a unit of the configuration: use Start`));
  const holder = records.get(label);
  if (holder === undefined) return ok(label);
  if (!isDown(holder)) return err(failure('busy', `${label} is ${holder.shownState}`));
  if (!mayControl(who, holder))
    return err(failure('conflict', `${label} is what another user has left: choose another label`));
  if (holder.unit.spec.origin === 'daemon' && origin !== 'daemon')
    return err(
      failure('conflict', `${label} is a daemon that is down: forget it first, or choose another label`),
    );
  return ok(label);
}
