import { failure, type Failure } from '../../base/failure.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Position } from '../../protocol/kinds.ts';

/** The position behind the last event: `<journal id>:<sequence>`. */
export function positionOf(journal: Journal): string {
  return `${journal.journalId}:${journal.lastSequence}`;
}

/** Why the events after a position cannot be had (`not-found`, with the position of the oldest that can), or undefined. */
export function positionFault(journal: Journal, after: Position): Failure | undefined {
  const message = reasonAgainst(journal, after);
  return message === undefined ? undefined : gone(journal, message);
}

/** What there was after a position is not there any more. */
export function goneFault(journal: Journal): Failure {
  return gone(journal, 'events after that position are not kept any more');
}

function reasonAgainst(journal: Journal, { journal: id, sequence }: Position): string | undefined {
  if (id !== undefined && id !== journal.journalId) return 'that position is of another journal';
  if (sequence > journal.lastSequence) return `there is no event ${sequence} yet`;
  return sequence < journal.firstKept() - 1 ? goneFault(journal).message : undefined;
}

function gone(journal: Journal, message: string): Failure {
  return failure('not-found', message, [`${journal.journalId}:${journal.firstKept()}`]);
}
