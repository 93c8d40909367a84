import { failure, type Failure } from '../../base/failure.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabelWish } from '../../protocol/kinds.ts';
import type { UnitSpec } from '../../supervisor/unit.ts';
import type { House } from '../house.ts';
import { isDown } from '../outcome.ts';
import { mayControl, type Who } from './rights.ts';

/** The supervisor's own log in the background is `archond.log`; `stderr: separate` gives `<label>.err.log`. */
const OWN_LOG = 'archond';
const ERROR_LOG = '.err';

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
  const isOthers = (label: string): boolean => who.role !== 'owner' && hasOthersLog(configured, label);
  if (wish?.kind !== 'label')
    return ok(generate((label) => records.has(label) || configured.claims(label) || isOthers(label)));
  const { label } = wish;
  if (isOthers(label))
    return err(failure('conflict', `${label}.log is not a log of commands: choose another label`));
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

/** Whether the log of the label would be the supervisor's own, or the standard error of a unit of the configuration. */
function hasOthersLog(configured: House['configured'], label: string): boolean {
  const unit = label.endsWith(ERROR_LOG) ? label.slice(0, -ERROR_LOG.length) : undefined;
  const log = unit === undefined ? undefined : configured.definitionOf(unit)?.log;
  return label === OWN_LOG || (log?.kind === 'file' && log.stderr === 'separate');
}
