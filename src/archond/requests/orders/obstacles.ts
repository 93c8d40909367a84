import { failure, type Failure } from '../../../base/failure.ts';
import { listing } from '../../../base/show.ts';
import { takenDown } from '../../../supervisor/plan/closures.ts';
import type { House } from '../../house.ts';
import type { UnitRecord } from '../../unit-record.ts';

/** More would make a sentence that nobody reads; for programs all follow. */
const MOST_NAMED = 8;

/** What is only watched, or belongs to somebody who waits for it, cannot be started. */
export function notStartable({ label, watched, unit, configured }: UnitRecord): Failure | undefined {
  if (configured?.isLeaving === true)
    return failure(
      'conflict',
      `${label} is in the configuration no more: it is being stopped, and forgotten then`,
    );
  if (watched !== undefined) return failure('unsupported', `${label} is only watched, not started here`);
  if (unit.spec.origin === 'run') return failure('unsupported', `${label} is a one-off command: use Run`);
  return undefined;
}

/** What is only watched cannot be stopped. */
export function notStoppable({ label, watched }: UnitRecord): Failure | undefined {
  return watched === undefined
    ? undefined
    : failure('unsupported', `${label} is only watched: use Signal, or Forget to end the watch`);
}

/** The refusal of a stop that would take down others, which it names; undefined where it would not. */
export function othersDown({ configured }: House, labels: readonly string[]): Failure | undefined {
  const { graph, unitOf } = configured.field;
  const others = takenDown(graph, labels, unitOf);
  if (others.length === 0) return undefined;
  const what = named(labels.filter((label) => graph.has(label)));
  const message = `${what} cannot be stopped beside ${named(others)}: stop these too, or take them down with @force=1 (--force)`;
  return failure('conflict', message, others);
}

function named(labels: readonly string[]): string {
  const rest = labels.length - MOST_NAMED;
  if (rest <= 1) return listing(labels, 'and');
  return listing([...labels.slice(0, MOST_NAMED), `${rest} others`], 'and');
}
